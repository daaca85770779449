"""What a session needs of a WebSocket."""

from typing import Protocol


class SocketClosed(Exception):
    """The client has gone."""


class Socket(Protocol):
    async def receive(self) -> str | bytes:
        """The next message. Raises SocketClosed."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Returns when the message has left for the kernel. Raises SocketClosed."""
        ...

    @property
    def gone(self) -> bool:
        """Whether the client has left, though what it sent before may still be unread."""
        ...

    async def close(self, code: int, reason: str) -> None: ...
