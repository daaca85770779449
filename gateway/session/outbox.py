"""The one writer of a socket: order kept, memory bounded, dead audio dropped at the last moment."""

import asyncio
from collections import deque

from chassis.deadlines import within
from chassis.faults import Overflow, TooSlow
from gateway.session.figures import Figures
from gateway.session.socket import Socket, SocketClosed

MAX_BYTES = 1024 * 1024
SEND_S = 5.0


class Outbox:
    """Messages wait here until the socket takes them. Audio carries its turn."""

    def __init__(self, socket: Socket, figures: Figures) -> None:
        self._socket, self._figures = socket, figures
        self._sent_turn = 0
        self._queue: deque[tuple[str | bytes, int]] = deque()
        self._bytes = 0
        self._arrived = asyncio.Event()
        self._closing = False

    def put(self, message: str | bytes, audio_turn: int = 0) -> None:
        """Raises Overflow when the client reads too slowly. `audio_turn` 0: not audio."""
        if self._bytes > MAX_BYTES:
            raise Overflow("the client reads too slowly")
        self._queue.append((message, audio_turn))
        self._bytes += len(message)
        self._arrived.set()

    def drop_audio(self, turn: int) -> int:
        """Not one more byte of this turn's audio leaves. How many bytes were waiting."""
        before, kept = self._bytes, [entry for entry in self._queue if entry[1] != turn]
        self._queue = deque(kept)
        self._bytes = sum(len(message) for message, _ in kept)
        return before - self._bytes

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
        """Send until finished. Raises SocketClosed when the client has gone or takes nothing for 5 s."""
        while True:
            while self._queue:
                message, turn = self._queue.popleft()
                self._bytes -= len(message)
                await self._send(message)
                if turn > self._sent_turn:
                    self._sent_turn = turn
                    self._figures.note_audio_sent(turn)
            if self._closing:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def _send(self, message: str | bytes) -> None:
        try:
            async with within(SEND_S, "sending to the client"):
                await self._socket.send(message)
        except TooSlow as slow:
            raise SocketClosed(str(slow)) from slow
