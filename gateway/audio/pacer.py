"""Decides when reply audio leaves, so that at most `lead_s` of it waits in the client's buffer.

Sans-IO: told what arrived and what time it is. It keeps one estimate, the moment at which the client's
buffer runs dry, which playback reports correct; from it follow what may be sent and what was heard.
A client that has reported once is believed for BELIEF_S after its last report: then its clock stops, for a
locked phone or a dead network plays nothing.
"""

BELIEF_S = 1.0


class Pacer:
    """One reply at a time. Samples are 16-bit mono at `rate`; times are seconds on one clock."""

    def __init__(self, rate: int, frame_samples: int, lead_s: float, exact_frames: bool = False) -> None:
        self.rate = rate
        self._frame_bytes = frame_samples * 2
        self._lead_s = lead_s
        self._exact = exact_frames
        self._buffer = bytearray()
        self._sent = 0
        self._dry_at = 0.0
        self._finished = False
        self._told_out = True
        self._reported_at: float | None = None
        self.underruns = 0

    def begin(self) -> None:
        """A new reply."""
        self._buffer.clear()
        self._sent = 0
        self._dry_at = 0.0
        self._finished = False
        self._told_out = True
        self._reported_at = None

    def push(self, pcm: bytes) -> None:
        self._buffer += pcm
        self._told_out = False

    def finish(self) -> None:
        """Nothing more comes: a last short frame may go, and the end is told (again) when it is reached."""
        self._finished = True
        self._told_out = not self._sent and not self._buffer

    def flush(self) -> None:
        """The reply is dead: nothing of it is left to send."""
        self._buffer.clear()
        self._finished = True
        self._told_out = True

    @property
    def finished(self) -> bool:
        """Everything has been pushed and sent."""
        return self._finished and not self._buffer

    @property
    def buffered_s(self) -> float:
        return len(self._buffer) / 2 / self.rate

    def take(self, now: float) -> bytes | None:
        """The next frame if it is due now. A short one goes only at the end, or to a dry client that may
        have one.
        """
        now = self._clock(now)
        if not self._buffer or now < self._dry_at - self._lead_s:
            return None
        dry = self._dry_at <= now
        if len(self._buffer) < self._frame_bytes and not (self._finished or (dry and not self._exact)):
            return None
        frame = bytes(self._buffer[: self._frame_bytes])
        del self._buffer[: self._frame_bytes]
        if dry and self._sent:
            self.underruns += 1
        self._sent += len(frame) // 2
        self._dry_at = max(self._dry_at, now) + len(frame) / 2 / self.rate
        return frame

    def next_due(self, now: float) -> float | None:
        """When to look again; None: when something is pushed or reported."""
        due = None
        if self._buffer and (self._finished or len(self._buffer) >= self._frame_bytes):
            due = self._dry_at - self._lead_s
        elif self._sent and not self._told_out and not (self._buffer and self._exact):
            due = self._dry_at
        if due is None or due > self._clock(due):
            return None
        return max(due, now)

    @property
    def sent(self) -> int:
        """Samples that were taken."""
        return self._sent

    def played(self, now: float) -> int:
        """Samples of this reply that the client's speaker has played by now, as far as we can tell."""
        return max(self._sent - int(max(self._dry_at - self._clock(now), 0.0) * self.rate), 0)

    def report(self, samples: int, now: float) -> None:
        """The client says how many samples it has played."""
        if self._sent:
            self._reported_at = now
            self._dry_at = now + max(self._sent - samples, 0) / self.rate

    def played_out(self, now: float) -> bool:
        """True once each time the client has played everything that was pushed."""
        if self._told_out or self._buffer or not self._sent or self._clock(now) < self._dry_at:
            return False
        self._told_out = True
        return True

    def _clock(self, now: float) -> float:
        return now if self._reported_at is None else min(now, self._reported_at + BELIEF_S)
