"""The one writer of a WebSocket: order kept, memory bounded, dead audio dropped at the last moment.

What the socket has room for is written at once; only what it has not waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from chassis.deadlines import within
from chassis.faults import Overflow, TooSlow
from gateway.transports.websocket.socket import Socket
from gateway.transports.wire import Take, Unsent

MAX_BYTES = 1024 * 1024
SEND_S = 5.0
BACKED_UP_BYTES = 4 * 1024


@dataclass(frozen=True, slots=True)
class _Waiting:
    message: str | bytes
    audio_of: int


class WebSocketWire:
    """As Wire says."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._audio_sent: Callable[[int], None] = lambda _: None
        self._flowing: Callable[[], None] = lambda: None
        self._sent_reply = 0
        """The newest reply of which audio has left."""
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        """Of what waits and what is under way to the socket."""
        self._is_sending = self._held = self._closing = False
        self._changed = asyncio.Event()

    def begin(self, audio_sent: Callable[[int], None], flowing: Callable[[], None]) -> None:
        self._audio_sent, self._flowing = audio_sent, flowing

    async def read(self, take: Take) -> NoReturn:
        await self._socket.read(take)

    def has_left(self) -> bool:
        return self._socket.has_left()

    def send(self, message: str | bytes, audio_of: int = 0) -> None:
        if self._bytes > MAX_BYTES:
            raise Overflow("the client reads too slowly")
        if self._is_next(audio_of) and self._socket.send_now(message):
            self._note_sent(audio_of)
            return
        self._queue.append(_Waiting(message, audio_of))
        self._bytes += len(message)
        self._changed.set()

    def clear(self, reply: int) -> int:
        cleared = sum(len(waiting.message) for waiting in self._queue if waiting.audio_of == reply)
        self._queue = deque(waiting for waiting in self._queue if waiting.audio_of != reply)
        self._bytes -= cleared
        return cleared

    def hold(self, held: bool) -> None:
        self._held = held
        self._changed.set()

    @property
    def unsent(self) -> Unsent:
        return Unsent(len(self._queue), self._bytes)

    @property
    def backed_up(self) -> bool:
        return self._bytes > BACKED_UP_BYTES

    async def run(self) -> None:
        while True:
            while (waiting := self._next()) is not None:
                await self._send(waiting)
                was_backed_up = self.backed_up
                self._bytes -= len(waiting.message)
                self._note_sent(waiting.audio_of)
                if was_backed_up and not self.backed_up:
                    self._flowing()
            if self._closing:
                return
            self._changed.clear()
            await self._changed.wait()

    async def close(self, code: int, reason: str) -> None:
        self._closing = True
        await self.run()
        await self._socket.close(code, reason)

    def _may_leave(self, audio_of: int) -> bool:
        return not (self._held and audio_of)

    def _is_next(self, audio_of: int) -> bool:
        """It would overtake nothing."""
        if self._is_sending or not self._may_leave(audio_of):
            return False
        return not any(self._may_leave(waiting.audio_of) for waiting in self._queue)

    def _next(self) -> _Waiting | None:
        for at, waiting in enumerate(self._queue):
            if self._may_leave(waiting.audio_of):
                del self._queue[at]
                return waiting
        return None

    async def _send(self, waiting: _Waiting) -> None:
        self._is_sending = True
        try:
            async with within(SEND_S, "sending to the client"):
                await self._socket.send(waiting.message)
        except TooSlow as slow:
            raise Overflow(str(slow)) from slow
        except asyncio.CancelledError:  # it has not left
            self._queue.appendleft(waiting)
            raise
        finally:
            self._is_sending = False

    def _note_sent(self, reply: int) -> None:
        if reply > self._sent_reply:
            self._sent_reply = reply
            self._audio_sent(reply)
