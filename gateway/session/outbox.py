"""The one writer of a socket: order kept, memory bounded, dead audio dropped at the last moment.

What the socket has room for is written at once; only what it has not waits.
"""

import asyncio
from collections import deque
from collections.abc import Callable

from chassis.deadlines import within
from chassis.faults import Overflow, TooSlow
from gateway.session.observed import Observed
from gateway.session.socket import Socket

MAX_BYTES = 1024 * 1024
SEND_S = 5.0
BACKED_UP_BYTES = 4 * 1024
"""Of what waits here: more audio would only grow stale, so the pacer keeps it."""


class Outbox:
    """Messages wait here until the socket takes them. Audio carries its reply.

    `flowing` is called when the socket takes messages again after it had not.
    """

    def __init__(
        self, socket: Socket, observed: Observed, flowing: Callable[[], None] = lambda: None
    ) -> None:
        self._socket, self._observed, self._flowing = socket, observed, flowing
        self._sent_reply = 0
        self._queue: deque[tuple[str | bytes, int]] = deque()
        self._bytes = 0
        self._is_sending = False
        self._arrived = asyncio.Event()
        self._closing = False

    def put(self, message: str | bytes, audio_reply: int = 0) -> None:
        """Raises Overflow when the client reads too slowly. `audio_reply` 0: not audio."""
        if self._bytes > MAX_BYTES:
            raise Overflow("the client reads too slowly")
        if not self._waits and self._socket.send_now(message):
            self._note_sent(audio_reply)
            return
        self._queue.append((message, audio_reply))
        self._bytes += len(message)
        self._arrived.set()

    def drop_audio(self, reply: int) -> int:
        """Not one more byte of this reply's audio leaves. How many bytes were waiting."""
        dropped = sum(len(message) for message, audio_reply in self._queue if audio_reply == reply)
        self._queue = deque(entry for entry in self._queue if entry[1] != reply)
        self._bytes -= dropped
        return dropped

    @property
    def _waits(self) -> bool:
        """Something does, and nothing may overtake it."""
        return self._is_sending or bool(self._queue)

    @property
    def backed_up(self) -> bool:
        return self._bytes > BACKED_UP_BYTES

    @property
    def waiting_messages(self) -> int:
        return len(self._queue)

    @property
    def waiting_bytes(self) -> int:
        return self._bytes

    def finish(self) -> None:
        """What waits is the last; `run` returns when it is sent."""
        self._closing = True
        self._arrived.set()

    async def run(self) -> None:
        """Send what waits until finished. Raises SocketClosed when the client has gone, Overflow when it
        takes nothing for SEND_S.
        """
        while True:
            while self._queue:
                message, reply = self._queue.popleft()
                self._is_sending = True
                await self._send(message)
                self._is_sending = False
                was_backed_up = self.backed_up
                self._bytes -= len(message)
                if was_backed_up and not self.backed_up:
                    self._flowing()
                self._note_sent(reply)
            if self._closing:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _send(self, message: str | bytes) -> None:
        try:
            async with within(SEND_S, "sending to the client"):
                await self._socket.send(message)
        except TooSlow as slow:
            raise Overflow(str(slow)) from slow

    def _note_sent(self, reply: int) -> None:
        if reply > self._sent_reply:
            self._sent_reply = reply
            self._observed.note_audio_sent(reply)
