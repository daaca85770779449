"""What the caller's loudspeaker plays, as our page's jitter buffer would: pure, a frame at a time."""

from collections import deque
from dataclasses import dataclass, field

from protos.sound import HEARD_RATE

FRAME_BYTES = HEARD_RATE // 50 * 2
START_BYTES = HEARD_RATE * 60 // 1000 * 2
"""So much is buffered before a reply begins to sound, or goes on after it ran dry, …"""
START_FRAMES = 4
"""… or so long waited for more."""


@dataclass(slots=True)
class Reply:
    """One reply's sound: `ended` when no more of it comes."""

    number: int
    turn: int = 0
    waiting: bytearray = field(default_factory=bytearray)
    received: int = 0
    played: int = 0
    ended: bool = False
    duration_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame as it sounds; of which reply, 0: none; `is_idle`: nothing is under way."""

    pcm: bytes
    reply: int
    is_idle: bool


class Player:
    """Replies are numbered from 1 in the order in which they begin, whatever their turns are called."""

    def __init__(self) -> None:
        self._replies: deque[Reply] = deque()
        self._playing = self._held = False
        self._waited = 0
        self._count = 0
        self.underruns = 0
        self.finished: dict[int, Reply] = {}
        """Those that were played to their ends."""

    def begin(self, turn: int = 0) -> None:
        """Its number on the wire is only for reports."""
        if self._replies:
            self._replies[-1].ended = True
        self._count += 1
        self._replies.append(Reply(self._count, turn))

    def push(self, pcm: bytes) -> None:
        """Sound of the newest reply; of one that is dead it is dropped, as the page drops it."""
        if self._replies and not self._replies[-1].ended:
            self._replies[-1].waiting += pcm
            self._replies[-1].received += len(pcm)

    def end(self, duration_ms: float | None = None) -> None:
        """All of the newest reply has been sent."""
        if self._replies:
            self._replies[-1].ended = True
            self._replies[-1].duration_ms = duration_ms

    def hold(self) -> None:
        self._held, self._playing = True, False

    def resume(self) -> None:
        self._held = False

    def flush(self) -> None:
        self._replies.clear()
        self._held = self._playing = False

    @property
    def turn(self) -> int | None:
        """Of the reply that sounds."""
        return self._replies[0].turn if self._replies else None

    @property
    def played_ms(self) -> float:
        """Of the reply that sounds."""
        return self._replies[0].played / 2 * 1000 / HEARD_RATE if self._replies else 0.0

    def fill(self) -> Heard:
        """The next 20 ms."""
        self._settle()
        if not self._playing:
            return Heard(bytes(FRAME_BYTES), 0, not self._replies)
        reply = self._replies[0]
        pcm = bytes(reply.waiting[:FRAME_BYTES])
        del reply.waiting[:FRAME_BYTES]
        reply.played += len(pcm)
        if not reply.waiting:
            self._playing = False
            self.underruns += not reply.ended
        return Heard(pcm + bytes(FRAME_BYTES - len(pcm)), reply.number, False)

    def _settle(self) -> None:
        while self._replies and self._replies[0].ended and not self._replies[0].waiting:
            done = self._replies.popleft()
            self.finished[done.number] = done
            self._playing = False
        if self._playing or self._held or not self._replies or not self._replies[0].waiting:
            return
        reply = self._replies[0]
        if reply.ended or len(reply.waiting) >= START_BYTES or self._waited >= START_FRAMES:
            self._playing, self._waited = True, 0
        else:
            self._waited += 1
