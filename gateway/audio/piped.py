"""A recording that libavformat reads, in a thread of its own that waits for the next bytes."""

import asyncio
import queue
import threading
from collections.abc import Awaitable, Callable
from typing import BinaryIO

import av

from chassis.faults import InvalidArgument
from gateway.audio.codec import mono
from gateway.audio.kinds import Kind, refused
from gateway.audio.source import Sound

PIECE_S = 0.1
"""Decoded sound that the thread gathers before it hands it over."""
LEAST_OPENING_BYTES = {"mov": 64}
"""While it reads the head of MP4, libavformat takes a shorter read for damage."""

Give = Callable[[Sound], Awaitable[None]]
"""Takes the next sound; what follows it is decoded only afterwards, so nothing piles up."""


class _Wanted:
    """The thread has read everything and wants more."""


class _Left(Exception):
    """Nobody listens any longer."""


class PipedRecording:
    """The thread and the loop take turns: the thread runs only while somebody waits for its sound.

    `file`: the whole of it, where it has come already.
    """

    def __init__(self, kind: Kind, file: BinaryIO | None = None) -> None:
        self._kind, self._file = kind, file
        self._loop = asyncio.get_running_loop()
        self._told: asyncio.Queue[Sound | type[_Wanted] | BaseException | None] = asyncio.Queue()
        self._turns: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._rest = b""
        self._least = LEAST_OPENING_BYTES.get(kind.demuxer, 1)
        self._ended = self._left = False
        self._wants = self._over = False
        self._gathered: list[Sound] = []
        self._thread = threading.Thread(target=self._run, name=f"decode {kind.name}", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------ on the loop

    async def feed(self, data: bytes, give: Give) -> None:
        await self.drain(give)
        if data:
            await self._go_on(data, give)

    async def drain(self, give: Give) -> None:
        """libavformat holds nothing back of what is whole, in the containers that are left to it."""
        while not self._wants and not self._over:
            match await self._told.get():
                case Sound() as sound:
                    await give(sound)
                    self._turns.put(None)
                case None:
                    self._over = True
                case BaseException() as error:
                    self._over = True
                    raise damaged(self._kind, error)
                case _:
                    self._wants = True

    async def finish(self, give: Give) -> None:
        await self.drain(give)
        await self._go_on(b"", give)

    async def _go_on(self, data: bytes, give: Give) -> None:
        self._wants = False
        self._turns.put(data)
        await self.drain(give)

    def close(self) -> None:
        self._left = True
        self._turns.put(b"")

    # ------------------------------------------------------------------ in the thread

    def _run(self) -> None:
        try:
            try:
                self._decode()
                self._hand_over()
            except _Left:
                raise
            except Exception as error:  # whatever it is, somebody waits to be told
                self._tell(error)
            else:
                self._tell(None)
        except _Left:
            return

    def read(self, size: int) -> bytes:
        """libavformat's: b"" is the end. It may raise nothing: libav would print it."""
        while len(self._rest) < self._least and not self._ended:
            try:
                self._hand_over()
                self._tell(_Wanted)
                more = self._take_turn() or b""
            except _Left:
                self._left, more = True, b""
            self._rest += more
            self._ended = not more
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken

    def _decode(self) -> None:
        options = {"probesize": "32768", "analyzeduration": "1"}
        with av.open(self._file or self, "r", self._kind.demuxer, options, buffer_size=1024) as source:
            self._least = 1
            if not source.streams.audio:
                raise ValueError("there is no sound in it")
            for frame in source.decode(audio=0):
                self._gathered.append(mono(frame))
                if sum(sound.samples.size / sound.rate for sound in self._gathered) >= PIECE_S:
                    self._hand_over()

    def _hand_over(self) -> None:
        gathered, self._gathered = self._gathered, []
        for sound in gathered:
            self._tell(sound)
            self._take_turn()

    def _tell(self, told: Sound | type[_Wanted] | BaseException | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._told.put_nowait, told)
        except RuntimeError:  # the loop has gone
            raise _Left from None

    def _take_turn(self) -> bytes | None:
        turn = self._turns.get()
        if self._left:
            raise _Left
        return turn


def damaged(kind: Kind, error: BaseException) -> InvalidArgument:
    """What to tell the client."""
    why = error.strerror if isinstance(error, av.FFmpegError) else str(error)
    return InvalidArgument(refused(kind, f"cannot be heard: {str(why)[:120]}"))
