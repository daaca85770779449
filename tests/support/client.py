"""A client of the native dialect for tests: keeps every message with its time of arrival."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

RATE = 16_000
FRAME_BYTES = 640
FRAME_S = 0.020
SILENCE = bytes(FRAME_BYTES)


@dataclass(frozen=True)
class Received:
    at: float
    message: dict[str, Any] | bytes


@dataclass
class Client:
    """`messages` grow while the socket lives; `closed` is its close code then."""

    socket: ClientConnection
    messages: list[Received] = field(default_factory=list)
    closed: tuple[int, str] | None = None
    _arrived: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def send(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def read_forever(self) -> None:
        try:
            async for raw in self.socket:
                message = raw if isinstance(raw, bytes) else json.loads(raw)
                async with self._arrived:
                    self.messages.append(Received(time.monotonic(), message))
                    self._arrived.notify_all()
        except ConnectionClosed:
            pass
        self.closed = (self.socket.close_code or 1006, self.socket.close_reason or "")
        async with self._arrived:
            self._arrived.notify_all()

    async def wait(
        self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float = 10.0, after: int = 0
    ) -> Received:
        """The first control message from position `after` on that is wanted."""

        def found() -> Received | None:
            for received in self.messages[after:]:
                if isinstance(received.message, dict) and wanted(received.message):
                    return received
            return None

        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: found() is not None or self.closed is not None)
        hit = found()
        if hit is None:
            raise AssertionError(f"the socket closed with {self.closed} first; got {self.controls()}")
        return hit

    async def wait_type(self, kind: str, timeout_s: float = 10.0, after: int = 0) -> dict[str, Any]:
        received = await self.wait(lambda m: m["type"] == kind, timeout_s, after)
        assert isinstance(received.message, dict)
        return received.message

    async def wait_audio(self, timeout_s: float = 10.0, after: int = 0) -> Received:
        def found() -> Received | None:
            return next((r for r in self.messages[after:] if isinstance(r.message, bytes)), None)

        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: found() is not None or self.closed is not None)
        hit = found()
        assert hit is not None, f"the socket closed with {self.closed} before any audio"
        return hit

    async def wait_closed(self, timeout_s: float = 10.0) -> tuple[int, str]:
        async with asyncio.timeout(timeout_s), self._arrived:
            await self._arrived.wait_for(lambda: self.closed is not None)
        assert self.closed is not None
        return self.closed

    def controls(self) -> list[dict[str, Any]]:
        return [r.message for r in self.messages if isinstance(r.message, dict)]

    def audio(self) -> bytes:
        return b"".join(r.message for r in self.messages if isinstance(r.message, bytes))

    async def speak(self, pcm: bytes) -> None:
        """Send 16 kHz PCM in real time, 20 ms a message."""
        started = time.monotonic()
        for number, start in enumerate(range(0, len(pcm), FRAME_BYTES)):
            await self.socket.send(pcm[start : start + FRAME_BYTES])
            await asyncio.sleep(max(started + (number + 1) * FRAME_S - time.monotonic(), 0))


@asynccontextmanager
async def talking_to(url: str, **options: Any) -> AsyncIterator[Client]:
    """A connected client whose messages are being read."""
    async with connect(url, max_size=2**22, **options) as socket:
        client = Client(socket)
        reader = asyncio.create_task(client.read_forever())
        try:
            yield client
        finally:
            await socket.close()
            await reader
