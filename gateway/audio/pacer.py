"""Decides when reply audio leaves, so that at most `lead_s` of it waits in the client's buffer.

Sans-IO: told what arrived and what time it is. It keeps one estimate, the moment at which the client's
buffer runs dry, which playback reports correct; from it follow what may be sent and what was heard.
A client that has reported once is believed for BELIEF_S after its last report: then its clock stops, for a
locked phone or a dead network plays nothing.
"""

from gateway.audio.tape import Tape

BELIEF_S = 1.0


class Pacer:
    """One reply at a time. Samples are 16-bit mono at `rate`; times are seconds on one clock.

    `whole`: a reply leaves in one piece, once all of it has come.
    """

    def __init__(
        self,
        rate: int,
        frame_samples: int,
        lead_s: float,
        exact_frames: bool = False,
        whole: bool = False,
    ) -> None:
        self.rate = rate
        self._frame = frame_samples
        self._lead_s = lead_s
        self._exact, self._whole = exact_frames, whole
        self._tape = Tape(rate)
        self._held: int | None = None
        """What had been heard when the sound was held."""
        self._plays_on = self._excused = False
        """It is held, but the client plays what it has; it ran dry by our will."""
        self._dry_at = 0.0
        self._finished = False
        self._told_out = True
        self._reported_at: float | None = None
        self.underruns = 0

    def begin(self) -> None:
        """A new reply."""
        self._tape.clear()
        self._held = None
        self._plays_on = self._excused = False
        self._dry_at = 0.0
        self._finished = False
        self._told_out = True
        self._reported_at = None

    def push(self, pcm: bytes) -> None:
        self._tape.write(pcm)
        self._told_out = False

    def finish(self) -> None:
        """Nothing more comes: a last short frame may go, and the end is told (again) when it is reached."""
        self._finished = True
        self._told_out = not self.sent and not self._tape.waiting

    def flush(self) -> None:
        """The reply is dead: nothing of it is left to send."""
        self._tape.drop()
        self._finished = True
        self._told_out = True

    @property
    def finished(self) -> bool:
        """Everything has been pushed and sent."""
        return self._finished and not self._tape.waiting

    @property
    def buffered_s(self) -> float:
        return self._tape.waiting / self.rate

    def take(self, now: float) -> bytes | None:
        """The next frame if it is due now. A short one goes only at the end, or to a dry client that may
        have one.
        """
        now = self._clock(now)
        waiting = self._tape.waiting
        if not waiting or self.is_held or now < self._dry_at - self._lead_s:
            return None
        dry = self._dry_at <= now
        if not (self._finished or self._is_frame(waiting) or (dry and self._may_be_short)):
            return None
        frame = self._tape.read(waiting if self._whole else self._frame)
        samples = len(frame) // 2
        if dry and self.sent > samples and not self._excused:
            self.underruns += 1
        self._excused = False
        self._dry_at = max(self._dry_at, now) + samples / self.rate
        self._tape.forget(self._played(now) - int(BELIEF_S * self.rate))
        return frame

    def _is_frame(self, waiting: int) -> bool:
        return waiting >= self._frame and not self._whole

    @property
    def _may_be_short(self) -> bool:
        return not (self._exact or self._whole)

    def next_due(self, now: float) -> float | None:
        """When to look again; None: when something is pushed or reported."""
        due, waiting = None, self._tape.waiting
        if self.is_held:
            return None
        if waiting and (self._finished or self._is_frame(waiting)):
            due = self._dry_at - self._lead_s
        elif self.sent and not self._told_out and not (waiting and not self._may_be_short):
            due = self._dry_at
        if due is None or due > self._clock(due):
            return None
        return max(due, now)

    @property
    def sent(self) -> int:
        """Samples that were taken."""
        return self._tape.position

    def played(self, now: float) -> int:
        """Samples of this reply that the client's speaker has played by now, as far as we can tell."""
        return self._played(now) if self._held is None else self._held

    def _played(self, now: float) -> int:
        ahead_s = max(self._dry_at - self._clock(now), 0.0)
        return max(self.sent - round(ahead_s * self.rate), 0)

    def report(self, samples: int, now: float) -> None:
        """The client says how many samples it has played."""
        if self.sent:
            self._reported_at = now
            self._dry_at = now + max(self.sent - samples, 0) / self.rate
            if self._held is not None:
                self._held = min(samples, self.sent)

    def played_out(self, now: float) -> bool:
        """True once each time the client has played everything that was pushed."""
        is_out = self.sent and not self._tape.waiting and self._held is None
        if self._told_out or not is_out or self._clock(now) < self._dry_at:
            return False
        self._told_out = True
        return True

    # ------------------------------------------------------------------ held

    @property
    def is_held(self) -> bool:
        return self._held is not None or self._plays_on

    def hold(self, now: float, plays_on: bool = False) -> None:
        """Nothing is sent until `resume`. The client falls silent at this moment, or plays on what it has."""
        if plays_on:
            self._plays_on = True
        elif self._held is None:
            self._held = self.played(now)

    def resume(self, now: float, cleared: bool) -> None:
        """Sound goes on from the sample at which it was held. `cleared`: the client has thrown away what it
        had, which is sent again; else it goes on with that.
        """
        if self._plays_on:
            self._plays_on, self._excused = False, self._dry_at <= now
        if self._held is None:
            return
        held, self._held = self._held, None
        if cleared:
            self._tape.rewind(held)
        if self._reported_at is not None:
            self._reported_at = now
        self._dry_at = now + (self.sent - held) / self.rate

    def _clock(self, now: float) -> float:
        return now if self._reported_at is None else min(now, self._reported_at + BELIEF_S)
