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

    def has_left(self) -> bool:
        """Whether the client is known to have gone, though what it sent before may still be unread.

        It is for those who do not read: asked now and then, it may send a ping to find out.
        """
        ...

    async def close(self, code: int, reason: str) -> None: ...
