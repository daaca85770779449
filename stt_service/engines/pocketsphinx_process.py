"""The parent's end of one pocketsphinx process: messages out, hypotheses in, and its death noticed.

A protocol of callbacks and no task, so there is nothing to leak. Every wait here has a deadline, and a worker
that misses one is killed: it must never be trusted with another utterance.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

from chassis.faults import TooSlow, Unavailable
from stt_service.engines.pocketsphinx_worker import FINAL, MESSAGE_HEAD, PARTIAL, READY

WORKER_FILE = Path(__file__).with_name("pocketsphinx_worker.py")

START_DEADLINE_S = 20.0
ROOM_DEADLINE_S = 5.0
FINAL_DEADLINE_S = 10.0
EXIT_DEADLINE_S = 2.0


class Worker(asyncio.SubprocessProtocol):
    """The parent's end of one worker process."""

    def __init__(self) -> None:
        self._exited = asyncio.Event()
        self._killed = False
        self._transport: asyncio.SubprocessTransport | None = None
        self._pipe: asyncio.WriteTransport | None = None
        self._received = bytearray()
        self._ready = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._partial: tuple[int, str] = (0, "")
        self._final: tuple[int, asyncio.Future[str]] | None = None

    @property
    def is_usable(self) -> bool:
        """Whether it may be trusted with audio: it lives, and no deadline has condemned it."""
        return not (self._killed or self._exited.is_set())

    @property
    def pid(self) -> int:
        return self._transport.get_pid() if self._transport else 0

    @classmethod
    async def start(cls) -> "Worker":
        """A worker whose model is loaded. Raises Unavailable when it dies first, TooSlow when it hangs."""
        # -P: the worker's folder must not be searched for modules; this very file is named like the wheel.
        _, worker = await asyncio.get_running_loop().subprocess_exec(
            cls, sys.executable, "-P", str(WORKER_FILE), stderr=None
        )
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                await worker._ready.wait()
        except TimeoutError:
            worker.kill()
            raise TooSlow(f"a pocketsphinx worker was not ready after {START_DEADLINE_S:g} s") from None
        except asyncio.CancelledError:
            worker.kill()
            raise
        if not worker.is_usable:
            raise Unavailable("a pocketsphinx worker died while it loaded its model; see the service's log")
        return worker

    def send(self, kind: bytes, utterance: int, body: bytes = b"") -> None:
        if self._pipe is not None and self.is_usable:
            self._pipe.write(MESSAGE_HEAD.pack(kind, utterance, len(body)) + body)

    async def room(self) -> None:
        """Wait until the worker has taken most of what was sent."""
        try:
            async with asyncio.timeout(ROOM_DEADLINE_S):
                await self._room.wait()
        except TimeoutError:
            self.kill()
            raise TooSlow("the recogniser fell behind the speech and was restarted; say it again") from None

    def take_partial(self, utterance: int) -> str:
        """The newest hypothesis of this utterance that was not yet taken, or ""."""
        of, text = self._partial
        self._partial = (0, "")
        return text if of == utterance else ""

    async def final(self, utterance: int) -> str:
        """The text that answers an END sent before. Raises Unavailable when the worker dies first."""
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._final = (utterance, answer)
        if not self.is_usable:
            raise crashed()
        try:
            async with asyncio.timeout(FINAL_DEADLINE_S):
                return await answer
        except TimeoutError:
            self.kill()
            raise TooSlow("the recogniser did not finish and was restarted; say it again") from None
        finally:
            self._final = None

    def kill(self) -> None:
        """End it now; the event loop reaps it."""
        self._killed = True
        if self._transport is not None and not self._exited.is_set():
            self._transport.kill()

    async def stop(self) -> None:
        """Let it go by itself, else kill it. It is gone, and reaped, when this returns."""
        if self._pipe is not None:
            self._pipe.close()
        try:
            async with asyncio.timeout(EXIT_DEADLINE_S):
                await self._exited.wait()
        except TimeoutError:
            self.kill()
            await self._exited.wait()

    # What asyncio calls: the process's life and its pipes.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.SubprocessTransport, transport)
        self._pipe = cast(Any, self._transport.get_pipe_transport(0))

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002
        self._received += data
        while len(self._received) >= MESSAGE_HEAD.size:
            kind, utterance, length = MESSAGE_HEAD.unpack_from(self._received)
            end = MESSAGE_HEAD.size + length
            if len(self._received) < end:
                return
            text = self._received[MESSAGE_HEAD.size : end].decode(errors="replace")
            del self._received[:end]
            self._take(kind, utterance, text)

    def _take(self, kind: bytes, utterance: int, text: str) -> None:
        if kind == READY:
            self._ready.set()
        elif kind == PARTIAL:
            self._partial = (utterance, text)
        elif kind == FINAL and self._final is not None:
            awaited, answer = self._final
            if awaited == utterance and not answer.done():
                answer.set_result(text)

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def process_exited(self) -> None:
        self._exited.set()
        self._ready.set()
        self._room.set()
        if self._final is not None and not self._final[1].done():
            self._final[1].set_exception(crashed())
        if self._transport is not None:
            self._transport.close()


def crashed() -> Unavailable:
    return Unavailable("the recogniser's process died; it is replaced, say it again")
