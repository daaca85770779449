"""What a session needs of a WebSocket."""

from typing import Protocol

from chassis.tasks import Ending


class SocketClosed(Ending):
    """The client has gone."""


class Socket(Protocol):
    async def receive(self) -> str | bytes:
        """The next message. Raises SocketClosed."""
        ...

    async def send(self, message: str | bytes) -> None:
        """Returns when the message has left for the kernel. Raises SocketClosed."""
        ...

    async def close(self, code: int, reason: str) -> None: ...
