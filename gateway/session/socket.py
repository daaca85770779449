"""What a session needs of a WebSocket."""

from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol

from chassis.tasks import Ending

Later = Callable[[], Awaitable[None]]
"""What is left to do of a message that has to wait."""
Take = Callable[[str | bytes], Later | None]
"""Takes a message. None: wholly and at once."""


class SocketClosed(Ending):
    """The client has gone."""


class Socket(Protocol):
    async def read(self, take: Take) -> NoReturn:
        """Give every message to `take`, in order, where it comes: from within a task or without.

        What is left to do is done by who reads, and until then nothing more is given and only one message
        read ahead. Raises SocketClosed, and what `take` or that raises.
        """
        ...

    def send_now(self, message: str | bytes) -> bool:
        """Whether it has been written. If not, there is no room or nobody there: `send` waits, or tells."""
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
