"""The user's end of a reply: a pacer sends, the client plays what it has, or holds it, a frame at a time."""

from gateway.audio.pacer import Pacer
from protos.sound import SPOKEN_RATE

FRAME_S = 0.02
FRAME = round(FRAME_S * SPOKEN_RATE)
LEAD_S = 0.3


class Loudspeaker:
    """`played`: by reply, all that was heard of it, in order. Times are seconds on one clock."""

    def __init__(self) -> None:
        self._pacer = Pacer(SPOKEN_RATE, FRAME, LEAD_S)
        self._waiting = b""
        self._held = False
        self.reply = 0
        """The one that is being played; 0: none."""
        self.played: dict[int, bytes] = {}

    def begin(self, reply: int, pcm: bytes) -> None:
        """All of it has come at once."""
        self.reply, self.played[reply] = reply, b""
        self._waiting, self._held = b"", False
        self._pacer.begin()
        self._pacer.push(pcm)
        self._pacer.finish()

    def hold(self, now: float) -> None:
        self._pacer.hold(now)
        self._held = True

    def resume(self, now: float) -> None:
        self._held = False
        self._pacer.resume(now, cleared=False)

    def stop(self) -> None:
        """Not one more sample of it is heard."""
        self._pacer.flush()
        self._waiting, self._held, self.reply = b"", False, 0

    def play(self, now: float) -> bytes:
        """What the user hears in the next FRAME_S: less than that is the end of it, or nothing."""
        while frame := self._pacer.take(now):
            self._waiting += frame
        if self._held or not self.reply:
            return b""
        heard, self._waiting = self._waiting[: 2 * FRAME], self._waiting[2 * FRAME :]
        self.played[self.reply] += heard
        self._pacer.report(self.samples, now)
        return heard

    @property
    def samples(self) -> int:
        """That were heard of the reply."""
        return len(self.played.get(self.reply, b"")) // 2

    @property
    def has_ended(self) -> bool:
        return bool(self.reply) and self._pacer.finished and not self._waiting and not self._held
