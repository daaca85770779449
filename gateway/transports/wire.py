"""What a session needs of the way to its client, whatever carries it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from chassis.tasks import Ending

Later = Callable[[], Awaitable[None]]
"""What is left to do of a message that has to wait."""
Take = Callable[[str | bytes], Later | None]
"""Takes a message. None: wholly and at once."""


class WireClosed(Ending):
    """The client has gone."""


@dataclass(frozen=True)
class Unsent:
    """What waits in this process for the client to take it."""

    messages: int
    bytes: int


class Wire(Protocol):
    """Both ways to one client. What is sent arrives in the order in which it was, but for audio that is held
    or cleared.
    """

    def begin(self, audio_sent: Callable[[int], None], flowing: Callable[[], None]) -> None:
        """Before anything else. `audio_sent` is told a reply once, when the first of its audio has left;
        `flowing` is called when the client takes messages again after it was `backed_up`.
        """
        ...

    async def read(self, take: Take) -> NoReturn:
        """Give every message to `take`, in order, where it comes: from within a task or without.

        What is left to do is done by who reads, and until then nothing more is given and only one message
        read ahead. Raises WireClosed, and what `take` or that raises.
        """
        ...

    def has_left(self) -> bool:
        """Whether the client is known to have gone, though what it sent before may still be unread.

        It is for those who do not read: asked now and then, it may send something to find out.
        """
        ...

    def send(self, message: str | bytes, audio_of: int = 0) -> None:
        """Now or as soon as there is room. `audio_of`: the reply whose audio it is; 0: none.

        Raises Overflow when too much waits already.
        """
        ...

    def clear(self, reply: int) -> int:
        """Not one more byte of this reply's audio leaves. How many bytes of it were waiting."""
        ...

    def hold(self, held: bool) -> None:
        """While held, audio that waits here stays, whatever else is sent; then it goes on."""
        ...

    @property
    def unsent(self) -> Unsent: ...

    @property
    def backed_up(self) -> bool:
        """So much waits that more audio would only grow stale."""
        ...

    async def run(self) -> None:
        """Send what has to wait, until finished. Raises WireClosed when the client has gone, Overflow when it
        takes nothing for too long.
        """
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send what waits, then say goodbye. Nothing may be sent after. Raises as `run` does."""
        ...
