"""Whatever audio a client sends, as 16-bit mono at the rate that the conversation hears."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from chassis.faults import InvalidArgument
from gateway.audio.decoders import Decoder, open_decoder
from gateway.audio.kinds import LONGEST_HEAD, Kind, Unsure, judge
from gateway.audio.resample import Resampler
from gateway.audio.source import Sound
from protos.sound import HEARD_RATE

PIECE_BYTES = 2048
"""So much of a recording is decoded at a time, however large the messages are."""
PIECE_S = 0.1
"""About the longest piece that is given; shorter ones only at the end of a message."""


class Intake:
    """One client's audio: recordings, each known by its first bytes, or raw PCM at `input_rate`.

    Once PCM came as PCM, everything is. `hear` takes the pieces; nothing more is decoded before it returns.
    """

    def __init__(self, input_rate: int, hear: Callable[[bytes], Awaitable[None]]) -> None:
        self._rate = input_rate
        self._step = int(input_rate * PIECE_S) * 2
        """Bytes of a piece of PCM as it comes."""
        self._hear = hear
        self._resampler = Resampler(input_rate, HEARD_RATE)
        self._ready = bytearray()
        self._held: list[bytes] = []
        """Messages that are not understood yet."""
        self._half = b""
        self._raw = self._paused = False
        self._kind: Kind | None = None
        self._decoder: Decoder | None = None
        self.recordings = 0
        """How many have begun."""

    def feed_piece(self, data: bytes) -> bytes | None:
        """The sound of a message of PCM that is no longer than a piece. None: `feed` must take it."""
        if not self._raw or self._held or len(data) > self._step:
            return None
        return self._resampler.feed(self._whole(data))

    async def feed(self, data: bytes) -> None:
        """One message's sound. Raises InvalidArgument, once for a recording that cannot be heard."""
        try:
            await self._take(data)
        except InvalidArgument:
            await self._give_rest()
            raise
        await self._give_rest()

    async def _take(self, data: bytes) -> None:
        if self._raw:
            await self._feed_raw(data)
        elif data:
            self._held.append(data)
            await self._settle(whole=False)

    async def drain(self) -> None:
        """Nothing more comes for now: what has come is given to its last sample. It may go on later."""
        self._paused = True
        await self._settle(whole=True)
        if self._decoder is not None:
            await self._guard(self._decoder.drain(self._resample))
        await self._give(self._resampler.drain())
        await self._give_rest()

    async def _settle(self, whole: bool) -> None:
        """Understand what is held, as far as that can be done: each message may begin a recording."""
        while self._held:
            head = b"".join(message[:LONGEST_HEAD] for message in self._held)
            verdict = judge(head, self._kind, whole, self._paused)
            if verdict is Unsure.UNDECIDED:
                return
            self._paused = whole
            if isinstance(verdict, Kind):
                together, self._held = self._held, []
                await self._begin(verdict)
            elif self._kind is None:
                together, self._held = self._held, []
                self._raw = True
            else:
                together, self._held = self._held[:1], self._held[1:]
            for message in together:
                await self._decode_all(message)

    async def _decode_all(self, data: bytes) -> None:
        """Between the pieces others have their turn: there may be no sound in megabytes."""
        for at in range(0, len(data), PIECE_BYTES):
            if at:
                await asyncio.sleep(0)
            await self._decode(data[at : at + PIECE_BYTES])

    async def _decode(self, data: bytes) -> None:
        if self._raw:
            await self._feed_raw(data)
        elif self._decoder is not None:  # else it was said already why it is not heard
            await self._guard(self._decoder.feed(data, self._resample))

    async def _begin(self, kind: Kind) -> None:
        """A recording; of the one before it nothing is lost."""
        if self._decoder is not None:
            with suppress(InvalidArgument):  # it broke off: that is known by now
                await self._guard(self._decoder.finish(self._resample))
            self.close()
        await self._give(self._resampler.feed(b"", last=True))
        self._kind = None if kind.is_message else kind
        self.recordings += 1
        self._decoder = open_decoder(kind)

    async def _guard(self, decoding: Awaitable[None]) -> None:
        """One fault ends a recording."""
        try:
            await decoding
        except InvalidArgument:
            self.close()
            raise

    async def _resample(self, sound: Sound) -> None:
        if sound.rate != self._rate:
            await self._give(self._resampler.feed(b"", last=True))
            self._rate, self._resampler = sound.rate, Resampler(sound.rate, HEARD_RATE)
        await self._give(self._resampler.feed(sound.samples.tobytes()))

    async def _feed_raw(self, data: bytes) -> None:
        data = self._whole(data)
        for start in range(0, len(data), self._step):
            await self._give(self._resampler.feed(data[start : start + self._step]))

    def _whole(self, data: bytes) -> bytes:
        """Half a sample waits for its other half."""
        data = self._half + data
        end = len(data) // 2 * 2
        self._half = data[end:]
        return data[:end]

    async def _give(self, pcm: bytes) -> None:
        step = int(HEARD_RATE * PIECE_S) * 2
        self._ready += pcm
        while len(self._ready) >= step:
            piece = bytes(self._ready[:step])
            del self._ready[:step]
            await self._hear(piece)

    async def _give_rest(self) -> None:
        if self._ready:
            rest, self._ready = bytes(self._ready), bytearray()
            await self._hear(rest)

    def close(self) -> None:
        """Of the recording under way nothing more is wanted."""
        if self._decoder is not None:
            self._decoder.close()
            self._decoder = None
