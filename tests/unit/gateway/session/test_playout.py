"""What playback measures: arrivals, underruns, and what is dropped when a reply is cut short."""

import asyncio
from collections.abc import Callable

import numpy as np
import pytest

from gateway.conversation import events as e
from gateway.dialects.dialect import AudioFinished, AudioPlayed, AudioStarted, Capabilities, Outbound
from gateway.session.observed import Observed
from gateway.session.playout import Playout
from gateway.session.wheel import Wheel
from protos.sound import SPOKEN_RATE
from tests.support.leaks import run
from tests.support.measured import moving

FRAME = 960
CAPABILITIES = Capabilities(frame_samples=FRAME, lead_s=0.05)


class Rig:
    """A playout on the running loop's clock, at the rate that replies have."""

    def __init__(self, capabilities: Capabilities = CAPABILITIES, rate: int = SPOKEN_RATE) -> None:
        self.sent: list[Outbound] = []
        self.held_up = False
        self.rooms = 0
        self.wanted_soon = False
        self.failures: list[Exception] = []
        self.events: list[e.Event] = []
        loop = asyncio.get_running_loop()
        started = loop.time()
        now: Callable[[], float] = lambda: loop.time() - started  # noqa: E731
        self.observed = Observed(now)
        self.playout = Playout(
            capabilities,
            rate,
            self.sent.append,
            self.events.append,
            now,
            self.observed,
            Wheel(),
            self.failures.append,
            lambda: self.held_up,
        )

    def play(self, reply: int, pcm: bytes) -> bool:
        return self.playout.play(reply, pcm, self.note_room)

    def note_room(self, soon: bool) -> None:
        self.rooms += 1
        self.wanted_soon = soon

    def frames(self) -> int:
        return sum(isinstance(output, AudioPlayed) for output in self.sent)

    async def until_sent(self, frames: int) -> None:
        async with asyncio.timeout(3):
            while self.frames() < frames:
                await asyncio.sleep(0.005)


def test_a_client_that_runs_dry_in_the_middle_of_a_reply_is_counted_once() -> None:
    async def main() -> Observed:
        rig = Rig()
        rig.playout.begin(1, 1)
        rig.play(1, bytes(FRAME * 2 * 3))
        await rig.until_sent(2)
        await asyncio.sleep(0.25)  # 80 or 120 ms were sent: there is a hole
        rig.play(1, bytes(FRAME * 2 * 3))
        rig.playout.finish(1)
        await rig.until_sent(5)
        return rig.observed

    with moving("parley_playout_underruns_total") as underruns:
        observed = run(main())
    assert underruns.by == observed.underruns == 1


def test_a_reply_that_keeps_up_has_no_underrun_and_drops_nothing() -> None:
    async def main() -> None:
        rig = Rig()
        rig.playout.begin(1, 1)
        rig.play(1, bytes(FRAME * 2 * 4))
        rig.playout.finish(1)
        await rig.until_sent(4)

    with (
        moving("parley_playout_underruns_total") as underruns,
        moving("parley_dropped_audio_seconds_total", path="reply") as dropped,
    ):
        run(main())
    assert (underruns.by, dropped.by) == (0, 0)


def test_what_a_flush_throws_away_is_counted_in_seconds() -> None:
    async def main() -> None:
        rig = Rig()
        rig.held_up = True
        rig.playout.begin(1, 1)
        rig.play(1, bytes(SPOKEN_RATE // 5 * 2))
        waiting = rig.playout.buffered_s
        assert waiting == pytest.approx(0.2, abs=0.01)
        with moving("parley_dropped_audio_seconds_total", path="reply") as dropped:
            rig.playout.flush(2)
            rig.playout.flush(1)
            rig.playout.flush(1)
            rig.playout.note_dropped(SPOKEN_RATE)
        assert dropped.by == pytest.approx(waiting + 0.5)
        assert rig.playout.buffered_s == 0

    run(main())


def test_the_first_audio_of_a_turn_is_noted_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        rig, noted = Rig(), list[int]()
        monkeypatch.setattr(rig.observed, "note_audio_arrived", noted.append)
        for turn in (1, 2):
            rig.playout.begin(turn, turn)
            assert not rig.play(turn - 1, bytes(FRAME * 2))
            for _ in range(2):
                assert rig.play(turn, bytes(FRAME * 2))
        assert noted == [1, 2]

    run(main())


def test_what_has_not_left_the_process_keeps_the_rest_back_until_it_flows() -> None:
    async def main() -> None:
        rig = Rig()
        rig.held_up = True
        rig.playout.begin(1, 1)
        rig.play(1, bytes(FRAME * 2 * 4))
        await asyncio.sleep(0.1)
        assert rig.frames() == 0
        rig.held_up = False
        rig.playout.wake()
        await rig.until_sent(2)

    run(main())


@pytest.mark.parametrize("frame_s", [0.24, 0.5, 2.0])
def test_a_frame_longer_than_what_may_wait_is_sent_all_the_same(frame_s: float) -> None:
    frame = int(frame_s * SPOKEN_RATE)

    async def main() -> list[int]:
        rig = Rig(Capabilities(frame_samples=frame, lead_s=10.0, exact_frames=True))
        async with asyncio.timeout(3):
            rig.playout.begin(1, 1)
            for _ in range(50):
                rig.play(1, bytes(int(frame * 2 * 2.5 / 50) // 2 * 2))
            rig.playout.finish(1)
            await rig.until_sent(3)
        return [len(output.pcm) // 2 for output in rig.sent if isinstance(output, AudioPlayed)]

    assert run(main())[:2] == [frame, frame]


def test_a_reply_whose_first_pieces_stay_inside_the_filter_begins_once() -> None:
    async def main() -> None:
        rig = Rig(rate=8_000)
        rig.playout.begin(1, 1)
        for _ in range(6):
            rig.play(1, bytes(SPOKEN_RATE // 200 * 2))
        assert sum(isinstance(output, AudioStarted) for output in rig.sent) == 1

    run(main())


@pytest.mark.parametrize("samples", [24, 120, 500])
def test_a_reply_that_fits_inside_the_filter_is_played_to_its_end(samples: int) -> None:
    async def main() -> None:
        rig = Rig(rate=8_000)
        async with asyncio.timeout(3):
            rig.playout.begin(1, 1)
            rig.play(1, np.full(samples, 9000, np.int16).tobytes())
            rig.playout.finish(1)
            while not any(isinstance(event, e.PlayedOut) for event in rig.events):
                await asyncio.sleep(0.005)
        played = sum(len(output.pcm) // 2 for output in rig.sent if isinstance(output, AudioPlayed))
        assert played == pytest.approx(samples / 3, abs=1)
        kinds = [type(output) for output in rig.sent]
        assert (kinds.count(AudioStarted), kinds.count(AudioFinished)) == (1, 1)

    run(main())


def test_room_is_told_of_once_for_each_piece_when_what_waits_is_little() -> None:
    async def main() -> None:
        rig = Rig()
        rig.playout.begin(1, 1)
        rig.play(1, bytes(FRAME * 2 * 2))
        assert rig.wanted_soon, "nothing is kept in reserve yet"
        for _ in range(5):
            rig.play(1, bytes(FRAME * 2 * 2))
        early = rig.rooms
        assert 1 <= early <= 4, "480 ms are more than may wait"
        async with asyncio.timeout(3):
            while rig.rooms < 6:
                await asyncio.sleep(0.005)
        assert rig.playout.buffered_s < 0.24
        assert not rig.wanted_soon
        await asyncio.sleep(0.05)
        assert rig.rooms == 6
        rig.playout.flush(1)

    run(main())


def test_what_breaks_on_a_turn_of_the_wheel_is_told_to_the_session() -> None:
    async def main() -> None:
        rig = Rig()
        rig.playout.begin(1, 1)
        rig.play(1, bytes(FRAME * 2 * 6))
        monkeyed = RuntimeError("the client reads nothing")

        def send(_: Outbound) -> None:
            raise monkeyed

        rig.playout._send = send
        await asyncio.sleep(0.1)
        assert rig.failures == [monkeyed]

    run(main())


def test_a_client_of_whole_clips_gets_each_reply_in_one_message_and_holds_no_service_back() -> None:
    async def main() -> None:
        rig = Rig(Capabilities(frame_samples=FRAME, lead_s=0.05, whole_clips=True))
        for reply in (1, 2):
            rig.playout.begin(reply, reply)
            for _ in range(30):
                assert rig.play(reply, bytes(FRAME * 2))
            assert rig.rooms == reply * 30
            assert rig.frames() == reply - 1
            rig.playout.finish(reply)
            assert rig.frames() == reply
        assert [len(out.pcm) for out in rig.sent if isinstance(out, AudioPlayed)] == [FRAME * 2 * 30] * 2
        rig.playout.flush(2)

    run(main())
