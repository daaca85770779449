"""From a client's audio messages to the ear, at the pace allowed.

Who sends faster is held back: it is not read from while what it sent waits for its time, so what waits in
this process is one message and what the sockets hold.
"""

import asyncio
from collections.abc import Callable

from chassis.faults import ClientFault
from gateway.audio.intake import PIECE_S, Intake
from gateway.audio.microphone import Microphone
from gateway.dialects.dialect import WireLimits
from gateway.session.ear import Ear
from gateway.session.rates import Bucket
from gateway.transports.wire import Wire, WireClosed
from protos.sound import HEARD_RATE

PATIENCE_S, EAR_S = 2.0, 0.02
LOOK_S = 0.2
"""How often it is asked whether one who is held back is still there."""


class Listener:
    """One session's. Raises InvalidArgument for what cannot be heard, WireClosed when the client leaves."""

    def __init__(
        self,
        wire: Wire,
        limits: WireLimits,
        input_rate: int,
        microphone: Microphone,
        ear: Ear,
        now: Callable[[], float],
    ) -> None:
        self._wire, self._microphone, self._ear, self._now = wire, microphone, ear, now
        self._sound = Bucket(limits.audio_factor, limits.audio_burst_s)
        self._recordings = Bucket(limits.recordings_per_s, limits.recording_burst)
        self._intake = Intake(input_rate, self._hear)
        self._busy = asyncio.Lock()
        self._patient = True

    def feed_now(self, data: bytes) -> bool:
        """One message, if neither it nor anything before it has to wait. False: it is for `feed`."""
        now = self._now()
        if self._busy.locked() or self._ear.is_behind or not self._sound.has(PIECE_S, now):
            return False
        pcm = self._intake.feed_piece(data)
        if pcm is None:
            return False
        self._patient = True
        if pcm:
            self._sound.take(len(pcm) / 2 / HEARD_RATE, now)
            self._give(pcm, now)
        else:
            self._microphone.received(now)
        return True

    async def feed(self, data: bytes) -> None:
        """One message; returns when all of it has been heard."""
        async with self._busy:
            begun = self._intake.recordings
            self._microphone.received(self._now())
            try:
                await self._intake.feed(data)
            except ClientFault:
                await self._hold_recordings(begun)
                raise
            await self._hold_recordings(begun)

    def stalled(self) -> bool:
        """True once per pause of the client's sending. One whose message is still being heard does not pause:
        it is we who do not read.
        """
        return not self._busy.locked() and self._microphone.stalled(self._now())

    async def drain(self) -> None:
        """What a decoder or a filter still holds is heard: nothing follows it just now."""
        async with self._busy:
            await self._intake.drain()

    def close(self) -> None:
        self._intake.close()

    async def _hold_recordings(self, begun: int) -> None:
        wait_s = self._recordings.take(self._intake.recordings - begun, self._now())
        await hold(self._wire, wait_s)

    async def _hear(self, pcm: bytes) -> None:
        await hold(self._wire, self._sound.take(len(pcm) / 2 / HEARD_RATE, self._now()))
        await self._wait_for_ear()
        self._give(pcm, self._now())

    def _give(self, pcm: bytes, now: float) -> None:
        self._microphone.heard(len(pcm) // 2, now)
        self._ear.hear(pcm)

    async def _wait_for_ear(self) -> None:
        """A service that is slow holds the client back; one that takes nothing at all does not for long."""
        until = self._now() + PATIENCE_S
        while self._ear.is_behind and self._patient and not self._wire.has_left():
            self._patient = self._now() < until
            await asyncio.sleep(EAR_S)
        self._patient = self._patient or not self._ear.is_behind


async def hold(wire: Wire, wait_s: float) -> None:
    """Let time pass. Raises WireClosed soon after the client has left."""
    while wait_s > 0:
        if wire.has_left():
            raise WireClosed("it left while it was held back")
        await asyncio.sleep(min(wait_s, LOOK_S))
        wait_s -= LOOK_S
