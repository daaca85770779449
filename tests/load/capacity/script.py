"""Who says what when: the schedule of frames up, and the pacing of the reply down. Pure.

A user speaks for SPEECH_S in every PERIOD_S and is answered for REPLY_S: half of the time is reply audio.
"""

from dataclasses import dataclass

FRAME_S = 0.020
FRAME_BYTES = 640
"""20 ms of 16 kHz mono s16, up."""
PERIOD_S, SPEECH_S, REPLY_S = 8.0, 1.0, 4.0
REPLY_RATE = 24_000
REPLY_FRAME_S = 0.040
REPLY_FRAME_BYTES = int(REPLY_RATE * REPLY_FRAME_S) * 2
LEAD_S = 0.3
"""Frame and lead of Parley's own wire: what `bare` sends is cut and paced as the gateway's replies are."""
SHARES = (0, 50, 100)
"""Percent of the time with reply audio: silence for ever, the conversation above, one reply without end."""

_PERIOD_FRAMES = round(PERIOD_S / FRAME_S)
_SPEECH_FRAMES = round(SPEECH_S / FRAME_S)
_REPLY_FRAMES = round(REPLY_S / REPLY_FRAME_S)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All frames of all sessions in one row: a frame each 20 ms, the sessions spread evenly over them.

    Step k is frame k // sessions of session k % sessions. Times are seconds on the clock of `started_at`.
    """

    started_at: float
    sessions: int

    def due(self, step: int) -> float:
        """When the step is to be sent, however late the ones before it were."""
        return self.started_at + step * FRAME_S / self.sessions

    def steps(self, seconds: float) -> int:
        """How many steps fill so much time."""
        return round(seconds / FRAME_S) * self.sessions

    def place(self, step: int) -> tuple[int, int]:
        """The session, and the frame of its period: the sessions' periods are spread evenly too."""
        frame, session = divmod(step, self.sessions)
        return session, (frame + session * _PERIOD_FRAMES // self.sessions) % _PERIOD_FRAMES


def is_voiced(frame: int) -> bool:
    """Whether the user speaks in this frame of the period."""
    return frame < _SPEECH_FRAMES


def is_last_voiced(frame: int) -> bool:
    """The answer is awaited from this one on."""
    return frame == _SPEECH_FRAMES - 1


def reply_due_s(frame: int, share: int) -> float:
    """When a frame, counted over all replies, is to be sent: seconds after a session's first reply began.

    At most LEAD_S is sent before its time. `share` is 50 or 100.
    """
    if share == 100:
        return max(frame * REPLY_FRAME_S - LEAD_S, 0.0)
    replies, in_reply = divmod(frame, _REPLY_FRAMES)
    return replies * PERIOD_S + max(in_reply * REPLY_FRAME_S - LEAD_S, 0.0)
