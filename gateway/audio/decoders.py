"""One recording being decoded as it comes: by a parser of ours, or by libavformat."""

import io
from typing import Protocol

import av

from chassis.faults import InvalidArgument
from gateway.audio.kinds import Kind, refused
from gateway.audio.piped import Give, PipedRecording, damaged
from gateway.audio.source import Sound, Source

LONGEST_WHOLE = 32 * 1024 * 1024


class Decoder(Protocol):
    """All raise InvalidArgument for what cannot be heard."""

    async def feed(self, data: bytes, give: Give) -> None: ...

    async def drain(self, give: Give) -> None:
        """Whatever is whole, though nothing follows it just now; the recording goes on."""
        ...

    async def finish(self, give: Give) -> None:
        """The rest: nothing more of this recording comes."""
        ...

    def close(self) -> None:
        """Nothing more is wanted."""
        ...


def open_decoder(kind: Kind) -> Decoder:
    if kind.refusal:
        raise InvalidArgument(refused(kind))
    if kind.parse is not None:
        return ParsedRecording(kind)
    return WholeRecording(kind) if kind.index_behind else PipedRecording(kind)


class ParsedRecording:
    def __init__(self, kind: Kind) -> None:
        assert kind.parse is not None
        self._kind, self._source = kind, Source()
        self._parser = kind.parse(self._source)

    async def feed(self, data: bytes, give: Give) -> None:
        self._source.waiting += data
        while (sound := self._next()) is not None:
            await give(sound)

    async def drain(self, give: Give) -> None:
        self._source.draining = True
        try:
            await self.feed(b"", give)
        finally:
            self._source.draining = False

    async def finish(self, give: Give) -> None:
        await self.drain(give)

    def close(self) -> None:
        self._parser.close()

    def _next(self) -> Sound | None:
        try:
            return next(self._parser)
        except (av.FFmpegError, ValueError, OverflowError) as error:
            raise damaged(self._kind, error) from None


class WholeRecording:
    """One whose index lies behind its sound: kept until that has come, and heard then."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._waiting = bytearray()
        self._at = 0
        self._piped: PipedRecording | None = None

    async def feed(self, data: bytes, give: Give) -> None:
        if self._piped is not None:
            return
        self._waiting += data
        if len(self._waiting) > LONGEST_WHOLE:
            why = f"keeps its index behind more than {LONGEST_WHOLE >> 20} MiB of sound"
            raise InvalidArgument(refused(self._kind, why))
        if self._has_index():
            self._piped = PipedRecording(self._kind, io.BytesIO(self._waiting))
            self._waiting = bytearray()
            await self._piped.drain(give)

    def _has_index(self) -> bool:
        while len(self._waiting) >= self._at + 16:
            head = self._waiting[self._at : self._at + 16]
            size, name = int.from_bytes(head[:4], "big"), head[4:8]
            size = int.from_bytes(head[8:], "big") if size == 1 else size
            if size < 8:
                raise damaged(self._kind, ValueError("its boxes have no length"))
            if len(self._waiting) < self._at + size:
                return False
            self._at += size
            if name == b"moov":
                return True
        return False

    async def drain(self, give: Give) -> None:
        if self._piped is not None:
            await self._piped.drain(give)

    async def finish(self, give: Give) -> None:
        await self.drain(give)

    def close(self) -> None:
        if self._piped is not None:
            self._piped.close()
