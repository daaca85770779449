"""All lanes are listened to in one room: each hears what it would alone, and is told why it cannot."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import numpy as np
import pytest

from chassis.faults import Fault, InternalFault, InvalidArgument, Overflow
from protos.sound import HEARD_RATE
from stt_service.gate import room as room_module
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.hearing import AtOnce, Hearing, InRoom
from stt_service.gate.outputs import GateOutput
from stt_service.gate.room import Mark, Room, Seat
from stt_service.gate.silero import SileroNetwork
from stt_service.gate.vad import Ahead, Judged, SileroVad
from tests.support import leaks
from tests.support.spoken import silence, speech

SENTENCES = ("I want to go home", "The weather is very good today", "Yes, that is right")
WAIT_S = 5.0


def said(number: int) -> bytes:
    return silence(0.4) + speech(SENTENCES[number % 3]) + silence(1.0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.001)


def run(work: Callable[[], Awaitable[None]]) -> None:
    """And no thread is left."""

    async def watched() -> None:
        await work()
        await until(lambda: not any(thread.name == "stt-room" for thread in threading.enumerate()))

    leaks.run(watched())


class Lane:
    """A gate that is in the room, or hears at once where there is none; `resets` counts those told."""

    def __init__(self, room: Room | None) -> None:
        self.outputs: list[GateOutput] = []
        self.failures: list[Exception] = []
        self.resets = 0
        self.hearing = self._begin(room)

    def _begin(self, room: Room | None) -> Hearing:
        if room is None:
            gate = SpeechGate(SileroVad(), GateSettings())
            return AtOnce(gate, self.outputs.extend, self._reset)
        ahead = Ahead()
        gate = SpeechGate(ahead, GateSettings())
        return InRoom(room, ahead, gate, self.outputs.extend, self._reset, self.failures.append)

    def _reset(self) -> None:
        self.resets += 1

    async def hear(self, pcm: bytes, step: int = 640) -> None:
        for start in range(0, len(pcm), step):
            self.hearing.hear(pcm[start : start + step])
            await asyncio.sleep(0)


def alone(pcm: bytes) -> list[GateOutput]:
    lane = Lane(None)
    lane.hearing.hear(pcm)
    lane.hearing.flush()
    return lane.outputs


def test_lanes_side_by_side_hear_what_each_hears_alone() -> None:
    async def work() -> None:
        room = Room(tick_s=0.001)
        lanes = [Lane(room) for _ in range(5)]
        async with asyncio.TaskGroup() as group:
            for number, lane in enumerate(lanes):
                group.create_task(lane.hear(said(number), 500 + 2 * 77 * number))
        for lane in lanes:
            lane.hearing.flush()
        wanted = [alone(said(number)) for number in range(5)]
        await until(lambda: [len(lane.outputs) for lane in lanes] == [len(want) for want in wanted])
        assert [rounded(lane.outputs) for lane in lanes] == [rounded(want) for want in wanted]
        for lane in lanes:
            lane.hearing.leave()

    run(work)


def rounded(outputs: Sequence[GateOutput]) -> list[str]:
    return [str(output) if not hasattr(output, "rms") else str(output)[:60] for output in outputs]


def test_a_flush_has_its_turn_behind_what_was_heard_and_takes_the_last_samples() -> None:
    async def work() -> None:
        lane = Lane(Room(tick_s=0.001))
        pcm = (silence(0.4) + speech(SENTENCES[0]))[: -2 * 100]
        lane.hearing.hear(pcm)
        lane.hearing.flush()
        wanted = alone(pcm)
        await until(lambda: len(lane.outputs) == len(wanted))
        assert rounded(lane.outputs) == rounded(wanted)
        lane.hearing.leave()

    run(work)


def test_after_a_reset_nothing_of_before_is_heard_and_samples_are_counted_on() -> None:
    async def work() -> None:
        lane, other = Lane(Room(tick_s=0.001)), Lane(None)
        begun = (silence(0.4) + speech(SENTENCES[0]))[: 2 * HEARD_RATE - 2 * 33]
        for each in (lane, other):
            each.hearing.hear(begun)
            each.hearing.reset()
            each.hearing.hear(said(1))
            each.hearing.flush()
        await until(lambda: len(lane.outputs) == len(other.outputs))
        assert (rounded(lane.outputs), lane.resets) == (rounded(other.outputs), 1)
        lane.hearing.leave()

    run(work)


def test_who_takes_a_place_that_was_left_hears_nothing_of_the_one_before() -> None:
    async def work() -> None:
        room = Room(tick_s=0.001)
        stays, first = Lane(room), Lane(room)
        await first.hear(said(0))
        first.hearing.leave()
        heard = len(first.outputs)
        second = Lane(room)
        second.hearing.hear(said(1))
        second.hearing.flush()
        wanted = alone(said(1))
        await until(lambda: len(second.outputs) == len(wanted))
        assert rounded(second.outputs) == rounded(wanted)
        assert len(first.outputs) == heard, "who left is told nothing more"
        stays.hearing.leave()
        second.hearing.leave()
        third = Lane(room)  # all had left: the room opens again
        third.hearing.hear(said(2))
        await until(lambda: bool(third.outputs))
        third.hearing.leave()

    run(work)


def test_a_place_that_changes_hands_within_a_batch_is_forgotten_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """While the thread is busy with another lane, all that follows comes into one batch."""
    go_on = threading.Event()
    listen = SileroNetwork.listen

    def wait(self: SileroNetwork, *given: np.ndarray) -> np.ndarray:
        assert go_on.wait(WAIT_S)
        return listen(self, *given)  # type: ignore[arg-type]

    async def work() -> None:
        room = Room(tick_s=0.001)
        stays, first = Lane(room), Lane(room)
        monkeypatch.setattr(SileroNetwork, "listen", wait)
        stays.hearing.hear(silence(0.032))
        await asyncio.sleep(0.02)
        first.hearing.hear(said(0)[: 2 * HEARD_RATE])
        first.hearing.leave()
        judged: list[Judged] = []
        second = room.enter(lambda pcm, made, mark: judged.extend(made), lambda fault: None)  # noqa: ARG005
        second.hear(said(1))
        go_on.set()
        windows = [said(1)[at : at + 1024] for at in range(0, len(said(1)) - 1023, 1024)]
        await until(lambda: len(judged) == len(windows))
        vad = SileroVad()
        wanted = [vad.judge(window).speech for window in windows]
        assert [made.speech for made in judged] == pytest.approx(wanted, abs=1e-4)
        stays.hearing.leave()
        second.leave()

    run(work)


def test_windows_of_many_lanes_are_judged_in_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []
    listen = SileroNetwork.listen

    def count(self: SileroNetwork, windows: np.ndarray, *rest: np.ndarray) -> np.ndarray:
        batches.append(len(windows))
        return listen(self, windows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(SileroNetwork, "listen", count)

    async def work() -> None:
        room = Room(tick_s=0.05)
        lanes = [Lane(room) for _ in range(20)]
        for lane in lanes:
            lane.hearing.hear(silence(0.064))
        await until(lambda: sum(batches) == 40)
        assert max(batches) > 10
        for lane in lanes:
            lane.hearing.leave()

    run(work)


def test_half_a_sample_is_refused_and_half_a_minute_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room_module, "MOST_WAITING_BYTES", 3000)

    async def work() -> None:
        lane = Lane(Room())
        with pytest.raises(InvalidArgument, match="16-bit"):
            lane.hearing.hear(b"\0")
        lane.hearing.hear(silence(0.128))
        with pytest.raises(Overflow, match="half a minute behind"):
            lane.hearing.hear(silence(0.032))
        lane.hearing.leave()

    run(work)


def test_a_network_that_breaks_is_told_to_all_and_the_room_opens_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        room = Room(tick_s=0.001)
        lanes = [Lane(room), Lane(room)]
        with monkeypatch.context() as broken:
            broken.setattr(SileroNetwork, "listen", None)
            lanes[0].hearing.hear(silence(0.1))
            await until(lambda: all(lane.failures for lane in lanes))
        assert all(isinstance(lane.failures[0], InternalFault) for lane in lanes)
        again = Lane(room)
        again.hearing.hear(said(0))
        await until(lambda: bool(again.outputs))
        for lane in (*lanes, again):
            lane.hearing.leave()

    run(work)


def test_what_a_route_raises_is_told_to_its_lane_alone() -> None:
    async def work() -> None:
        room = Room(tick_s=0.001)
        lane, ahead = Lane(room), Ahead()
        failures: list[Exception] = []

        def break_down(_: list[GateOutput]) -> None:
            raise Overflow("the peer takes none")

        gate = SpeechGate(ahead, GateSettings())
        bad = InRoom(room, ahead, gate, break_down, lambda: None, failures.append)
        bad.hear(silence(0.1))
        lane.hearing.hear(said(0))
        await until(lambda: bool(failures and lane.outputs))
        assert isinstance(failures[0], Overflow)
        assert not lane.failures
        lane.hearing.leave()

    run(work)


def test_a_seat_that_is_left_is_told_of_nothing() -> None:
    async def work() -> None:
        told: list[Mark] = []

        def take(pcm: bytes, judged: Sequence[Judged], mark: Mark) -> None:
            told.append(mark)

        def fail(fault: Fault) -> None:
            raise AssertionError(fault)

        seat: Seat = Room(tick_s=0.001).enter(take, fail)
        seat.hear(silence(0.1))
        seat.leave()
        seat.leave()
        await asyncio.sleep(0.02)
        assert told == []

    run(work)
