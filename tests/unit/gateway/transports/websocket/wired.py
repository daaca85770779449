"""A connection without a network: bytes in, bytes out, and an application that reads as a session does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode

from gateway.transports.websocket.protocol import SHORT_WAY, HoldingProtocol
from gateway.transports.wire import Later, WireClosed

LIMIT = 64 * 1024
HELLO = (
    b"GET /v1/conversation HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


class Pipe(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.is_paused = self.is_closed = False
        self.pauses = 0

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        self.is_paused = False


class Wired:
    """`taken`: what the reader was given since `begin`. `later`: what it leaves to do of each message."""

    def __init__(self) -> None:
        self.pipe = Pipe()
        self.taken: list[str | bytes] = []
        self.later: Later | None = None
        self.ended: Exception | None = None
        self.begin = asyncio.Event()
        config = uvicorn.Config(self._app, ws_per_message_deflate=False, log_config=None, interface="asgi3")
        config.load()
        self.protocol = HoldingProtocol(config, ServerState(), {}, message_bytes=lambda _: LIMIT)
        self.protocol.connection_made(self.pipe)

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        assert scope["extensions"][SHORT_WAY]["protocol"] is self.protocol
        await receive()
        await send({"type": "websocket.accept"})
        await self.begin.wait()
        try:
            await self.protocol.read(self.take)
        except (WireClosed, ValueError) as error:
            self.ended = error

    def take(self, message: str | bytes) -> Later | None:
        self.taken.append(message)
        return self.later

    def feed(self, *frames: bytes) -> None:
        """In one piece of the network."""
        self.protocol.data_received(b"".join(frames))

    def lose(self) -> None:
        """The connection breaks, unless it has."""
        if self.protocol in self.protocol.connections:
            self.pipe.is_closed = True
            self.protocol.connection_lost(ConnectionResetError())

    def answered(self) -> list[tuple[Opcode, bytes]]:
        """The frames that left since it was last asked."""
        data, self.pipe.written = self.pipe.written, b""
        frames = []
        while data:
            assert data[0] & 0x80, "we send no fragments"
            size, at = data[1], 2
            if size == 126:
                size, at = int.from_bytes(data[2:4]), 4
            frames.append((Opcode(data[0] & 0x0F), data[at : at + size]))
            data = data[at + size :]
        return frames


def frame(opcode: Opcode, data: bytes = b"", fin: bool = True) -> bytes:
    """As a client sends it."""
    return Frame(opcode, data, fin).serialize(mask=True)


def close(code: int, reason: bytes = b"") -> bytes:
    return frame(Opcode.CLOSE, code.to_bytes(2) + reason)


async def passes() -> None:
    """Whoever is ready has run."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def wired(reads: bool = True) -> AsyncIterator[Wired]:
    """Accepted, and read from once it `reads`; in the end its application has ended too."""
    connection = Wired()
    if reads:
        connection.begin.set()
    connection.feed(HELLO)
    await passes()
    assert connection.pipe.written.startswith(b"HTTP/1.1 101 ")
    connection.pipe.written = b""
    try:
        yield connection
    finally:
        connection.begin.set()
        connection.later = None
        connection.lose()
        await passes()
        assert not connection.protocol.tasks, "the application goes on without its client"
