"""The caller's end of a call: hears 20 ms, says 20 ms. It knows only what can be heard, and no clock.

It does what its script says when the time for it has come, and keeps both sides of the call for the judge.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cli.rehearsal.player import FRAME_BYTES, Heard
from cli.rehearsal.script import Cue, Script
from cli.rehearsal.sounds import Sound, whole
from protos.sound import HEARD_RATE

FRAME = FRAME_BYTES // 2
ECHO_DELAY = 2
"""Frames from the loudspeaker to the microphone."""
AUDIBLE = 100
"""Of 32768: a frame whose loudest sample is below is silence."""
QUIET_S = 4.0
"""A call is over after so long without a sound, when all has been done and no reply is under way, …"""
STUCK_S = 15.0
"""… or, when a reply for which the caller waits or one that was held does not come, …"""
LONGEST_S = 300.0
"""… or at last."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A cue and when, in samples, it was heard: its voice. `over`: the reply that sounded then, 0: none."""

    cue: Cue
    begin: int
    end: int
    over: int


@dataclass(eq=False)
class Line:
    script: Script
    marks: list[Mark] = field(default_factory=list)
    stuck: str = ""
    is_over: bool = False
    said: bytearray = field(default_factory=bytearray)
    heard: bytearray = field(default_factory=bytearray)
    replies: list[int] = field(default_factory=list)
    """Of each frame, which reply sounded in it, 0: none."""
    _sounding: list[tuple[int, NDArray[np.int16]]] = field(default_factory=list)
    _seen: dict[int, int] = field(default_factory=dict)
    """Replies by the sample at which they were first heard."""
    _used: int = 0
    _last_reply_end: int = 0
    _done: int = 0
    _done_at: int = 0
    _quiet_since: int = 0

    @property
    def now(self) -> int:
        """Samples of the call so far."""
        return len(self.replies) * FRAME

    def next(self, heard: Heard) -> tuple[bytes, list[str]]:
        """What the microphone takes up while this sounds, and what is typed."""
        self._listen(heard)
        typed = []
        while (cue := self._due(heard)) is not None:
            self._begin(cue, heard)
            if cue.typed:
                typed.append(cue.typed)
        frame = whole(self._mixed() + self._echo()).tobytes()
        self.heard += heard.pcm
        self.replies.append(heard.reply)
        self.said += frame
        self._look_for_an_end(heard)
        return frame, typed

    def _listen(self, heard: Heard) -> None:
        if _is_audible(heard.pcm):
            self._seen.setdefault(heard.reply, self.now)
            self._quiet_since = self.now
        if heard.reply:
            self._last_reply_end = self.now + FRAME

    def _due(self, heard: Heard) -> Cue | None:
        if self._done == len(self.script.cues):
            return None
        cue = self.script.cues[self._done]
        wait = round(cue.seconds * HEARD_RATE)
        newest = max(self._seen, default=0)
        match cue.trigger:
            case "at":
                since = 0
            case "then":
                since = self._done_at
            case "into_reply" if newest > self._used:
                since = self._seen[newest]
            case "after_reply" if newest > self._used and heard.is_idle:
                since = self._last_reply_end
            case _:
                return None
        return cue if self.now >= since + wait and self.now >= self._begun_at else None

    @property
    def _begun_at(self) -> int:
        return self.marks[-1].begin if self.marks else 0

    def _begin(self, cue: Cue, heard: Heard) -> None:
        newest = max(self._seen, default=0)
        over = heard.reply or (0 if heard.is_idle else newest)
        self._used = newest
        self.marks.append(Mark(cue, self.now + cue.voiced[0], self.now + cue.voiced[1], over))
        self._sounding.append((self.now, cue.sound))
        self._done += 1
        self._done_at = self._quiet_since = self.now + len(cue.sound)

    def _mixed(self) -> Sound:
        mixed = np.zeros(FRAME)
        for begin, sound in self._sounding:
            piece = sound[self.now - begin : self.now - begin + FRAME]
            mixed[: len(piece)] += piece
        self._sounding = [
            (begin, sound) for begin, sound in self._sounding if begin + len(sound) > self.now + FRAME
        ]
        return mixed

    def _echo(self) -> Sound:
        begin = len(self.heard) - ECHO_DELAY * FRAME_BYTES
        if not self.script.echo or begin < 0:
            return np.zeros(FRAME)
        return self.script.echo * np.frombuffer(self.heard, "<i2", FRAME, begin)

    def _look_for_an_end(self, heard: Heard) -> None:
        quiet_s = (self.now - max(self._quiet_since, self._done_at)) / HEARD_RATE
        is_done = self._done == len(self.script.cues)
        if quiet_s >= STUCK_S and (why := self._waits_for(heard)):
            self.stuck, self.is_over = why, True
        elif self.now >= LONGEST_S * HEARD_RATE:
            self.stuck, self.is_over = f"the call was not over after {LONGEST_S:g} s", True
        elif quiet_s >= QUIET_S and is_done and heard.is_idle:
            self.is_over = True

    def _waits_for(self, heard: Heard) -> str:
        if self._done == len(self.script.cues):
            return "" if heard.is_idle else "a reply that was begun did not go on"
        cue = self.script.cues[self._done]
        return f"no reply came for {cue.what!r}" if cue.trigger in ("into_reply", "after_reply") else ""


def _is_audible(frame: bytes) -> bool:
    samples = np.frombuffer(frame, "<i2")
    return bool(samples.max() > AUDIBLE or samples.min() < -AUDIBLE)
