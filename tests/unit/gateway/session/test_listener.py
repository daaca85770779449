"""Who sends too fast waits; who hears too slowly is waited for; who leaves meanwhile is noticed."""

import asyncio
from typing import Any

import numpy as np
import pytest

from chassis.faults import InvalidArgument
from gateway.audio.microphone import Microphone
from gateway.dialects.dialect import WireLimits
from gateway.session import listener as module
from gateway.session.listener import Listener
from gateway.session.rates import Bucket
from gateway.transports.wire import WireClosed
from protos.sound import HEARD_RATE
from tests.support.leaks import run
from tests.unit.gateway.audio.recordings import encode, record

LIMITS = WireLimits(audio_factor=20.0, audio_burst_s=1.0, recordings_per_s=10.0, recording_burst=2.0)

BUSY_S = 2.5
"""Later than this even a busy machine is not."""


class Rig:
    """A listener on the running loop's clock, of which everything else is a stand-in."""

    def __init__(self, stall_s: float = 0.7, rate: int = HEARD_RATE) -> None:
        self.left = self.is_behind = False
        self.heard = 0
        self.microphone = Microphone(stall_s)
        socket: Any = self
        ear: Any = self
        clock = asyncio.get_running_loop().time
        self.listener = Listener(socket, LIMITS, rate, self.microphone, ear, clock)

    def has_left(self) -> bool:
        return self.left

    def hear(self, pcm: bytes) -> None:
        self.heard += len(pcm) // 2


def test_a_bucket_lets_its_burst_go_and_then_keeps_its_rate() -> None:
    bucket = Bucket(rate=2.0, burst=5.0)
    assert bucket.take(5.0, 0.0) == 0
    assert bucket.take(1.0, 0.0) == pytest.approx(0.5)
    assert bucket.take(1.0, 0.5) == pytest.approx(0.5)
    assert bucket.take(1.0, 100.0) == 0
    assert bucket.take(20.0, 100.0) == pytest.approx(8.0), "more than the burst only waits longer"


def test_sound_faster_than_allowed_is_heard_at_the_pace_allowed_and_none_is_lost() -> None:
    async def main() -> None:
        rig, loop = Rig(), asyncio.get_running_loop()
        began = loop.time()
        await rig.listener.feed(bytes(HEARD_RATE * 2 * 9))
        assert rig.heard == rig.microphone.samples == HEARD_RATE * 9
        assert 8 / 20 - 0.05 <= loop.time() - began < BUSY_S

    run(main())


def test_a_recording_is_heard_at_the_same_pace() -> None:
    async def main() -> None:
        rig, loop = Rig(), asyncio.get_running_loop()
        began = loop.time()
        await rig.listener.feed(record("mp3", 9.0))
        await rig.listener.drain()
        assert rig.heard == HEARD_RATE * 9
        assert 8 / 20 - 0.05 <= loop.time() - began < BUSY_S
        rig.listener.close()

    run(main())


def test_who_leaves_while_held_back_is_noticed() -> None:
    async def main() -> None:
        rig = Rig()
        async with asyncio.timeout(2), asyncio.TaskGroup() as group:
            feeding = group.create_task(expect_closed(rig.listener, bytes(HEARD_RATE * 2 * 60)))
            await asyncio.sleep(0.05)
            rig.left = True
            await feeding
        assert rig.heard < HEARD_RATE * 10

    run(main())


async def expect_closed(listener: Listener, data: bytes) -> None:
    with pytest.raises(WireClosed):
        await listener.feed(data)


def test_recordings_begun_again_and_again_are_held_back() -> None:
    async def main() -> None:
        rig, loop = Rig(), asyncio.get_running_loop()
        began = loop.time()
        for _ in range(6):
            await rig.listener.feed(record("wav", 0.01))
        assert 0.35 <= loop.time() - began < BUSY_S

    run(main())


def test_recordings_that_cannot_be_heard_are_held_back_too() -> None:
    async def main() -> None:
        rig, loop = Rig(), asyncio.get_running_loop()
        began = loop.time()
        for _ in range(6):
            with pytest.raises(InvalidArgument):
                await rig.listener.feed(b"PK\x03\x04" + bytes(100))
        assert 0.35 <= loop.time() - began < BUSY_S

    run(main())


def test_an_ear_that_is_slow_is_waited_for_and_one_that_is_dead_is_not_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.3)

    async def main() -> None:
        rig, loop = Rig(), asyncio.get_running_loop()
        rig.is_behind = True
        loop.call_later(0.1, setattr, rig, "is_behind", False)
        await rig.listener.feed(bytes(640))
        assert rig.heard == 320
        rig.is_behind = True
        began = loop.time()
        for _ in range(10):
            await rig.listener.feed(bytes(640))
        assert 0.25 <= loop.time() - began < BUSY_S, "once, not for every piece"
        assert rig.heard == 320 * 11

    run(main())


def test_what_is_received_and_is_no_sound_yet_counts_as_activity() -> None:
    """One frame of FLAC: only the pause behind it tells that it is whole, and the pause must be noticed."""

    async def main() -> None:
        rig = Rig()
        await rig.listener.feed(encode("flac", "flac", 48_000, np.zeros((1, 4000), np.int16)))
        assert rig.heard == 0
        assert rig.microphone.stalled(asyncio.get_running_loop().time() + 1)
        await rig.listener.drain()
        assert rig.heard == pytest.approx(4000 / 3, abs=1)

    run(main())


def test_a_client_does_not_pause_while_its_message_waits_for_us() -> None:
    async def main() -> None:
        rig = Rig(stall_s=0.05)
        rig.is_behind = True
        async with asyncio.timeout(BUSY_S), asyncio.TaskGroup() as group:
            feeding = group.create_task(rig.listener.feed(bytes(640)))
            await asyncio.sleep(0.1)
            assert not rig.listener.stalled()
            rig.is_behind = False
            await feeding
        assert not rig.listener.stalled()
        await asyncio.sleep(0.1)
        assert rig.listener.stalled()
        assert not rig.listener.stalled(), "told once"

    run(main())


FRAME = bytes(640)


async def of_sound(rate: int = HEARD_RATE) -> Rig:
    """One whose client is known to send PCM."""
    rig = Rig(rate=rate)
    await rig.listener.feed(bytes(rate // 50 * 2))
    return rig


async def test_small_pieces_of_sound_are_heard_at_once_until_they_come_too_fast() -> None:
    rig = await of_sound()
    for _ in range(40):
        assert rig.listener.feed_now(FRAME)
    assert rig.heard == rig.microphone.samples == 41 * 320
    refused = sum(not rig.listener.feed_now(FRAME) for _ in range(40))
    assert refused > 20
    assert rig.heard == (81 - refused) * 320, "of what is refused nothing is heard"
    await asyncio.sleep(0.1)
    assert rig.listener.feed_now(FRAME)


async def test_what_is_given_at_once_and_what_waits_are_one_stream() -> None:
    rig = await of_sound(48_000)
    odd = bytes(961)
    for _ in range(10):
        assert rig.listener.feed_now(odd)
        await rig.listener.feed(odd)
    assert rig.listener.feed_now(b"")
    await rig.listener.drain()
    assert rig.heard == pytest.approx(320 + 20 * 961 / 6, abs=2)


async def test_nothing_is_heard_at_once_before_it_is_known_to_be_sound_nor_what_is_large() -> None:
    rig = Rig()
    assert not rig.listener.feed_now(FRAME)
    await rig.listener.feed(FRAME)
    assert rig.listener.feed_now(bytes(3200))
    assert not rig.listener.feed_now(bytes(3202))
    recording = Rig()
    for piece in (record("wav", 0.1)[:600], record("wav", 0.1)[600:]):
        assert not recording.listener.feed_now(piece)
        await recording.listener.feed(piece)
    recording.listener.close()


async def test_nothing_is_heard_at_once_while_something_waits() -> None:
    rig = await of_sound()
    rig.is_behind = True
    assert not rig.listener.feed_now(FRAME)
    feeding = asyncio.ensure_future(rig.listener.feed(FRAME))
    await asyncio.sleep(0.05)
    rig.is_behind = False
    assert not rig.listener.feed_now(FRAME), "it would overtake"
    await feeding
    assert rig.listener.feed_now(FRAME)


async def test_an_ear_that_recovers_is_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)
    rig = await of_sound()
    rig.is_behind = True
    await rig.listener.feed(FRAME)
    rig.is_behind = False
    assert rig.listener.feed_now(FRAME)
    rig.is_behind = True
    began = asyncio.get_running_loop().time()
    await rig.listener.feed(FRAME)
    assert asyncio.get_running_loop().time() - began >= 0.08
