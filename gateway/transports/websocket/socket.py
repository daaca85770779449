"""What the wire needs of a WebSocket, and starlette's as one."""

from typing import NoReturn, Protocol

from fastapi import WebSocket
from starlette.websockets import WebSocketDisconnect

from gateway.transports.websocket.protocol import SHORT_WAY, HoldingProtocol
from gateway.transports.wire import Take, WireClosed


class Socket(Protocol):
    """`read` and `has_left` are as Wire says."""

    async def read(self, take: Take) -> NoReturn: ...

    def has_left(self) -> bool: ...

    def send_now(self, message: str | bytes) -> bool:
        """Whether it has been written. If not, there is no room or nobody there: `send` waits, or tells."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Returns when the message has left for the kernel. Raises WireClosed."""
        ...

    async def close(self, code: int, reason: str) -> None: ...


class StarletteSocket:
    """Around starlette wherever nothing has to wait."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._protocol: HoldingProtocol = websocket.scope["extensions"][SHORT_WAY]["protocol"]

    async def read(self, take: Take) -> NoReturn:
        await self._protocol.read(take)

    def send_now(self, message: str | bytes) -> bool:
        return self._protocol.send_now(message)

    def has_left(self) -> bool:
        return self._protocol.has_left()

    async def send(self, message: str | bytes) -> None:
        try:
            if isinstance(message, bytes):
                await self._websocket.send_bytes(message)
            else:
                await self._websocket.send_text(message)
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise WireClosed(str(error)) from error

    async def close(self, code: int, reason: str) -> None:
        try:
            await self._websocket.close(code, reason[:120])
        except (WebSocketDisconnect, RuntimeError, OSError) as error:
            raise WireClosed(str(error)) from error
