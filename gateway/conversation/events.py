"""What can happen to a conversation, in the past tense. Every event carries its time.

`at` is seconds on the session's clock. Reply-side events carry the reply that they belong to; of one
that is not alive they are stale and dropped once, at the top of `Conversation.receive`.
"""

from dataclasses import dataclass
from enum import Enum

from gateway.conversation.report import AnalysisReport


@dataclass(frozen=True, slots=True)
class Event:
    at: float


# ---------------------------------------------------------------------- the user's side


@dataclass(frozen=True, slots=True)
class VoiceNoticed(Event):
    """The first of a voice, which may come to nothing."""


@dataclass(frozen=True, slots=True)
class VoiceDismissed(Event):
    """The voice that was noticed did not last."""


@dataclass(frozen=True, slots=True)
class UserSpeechStarted(Event):
    utterance: int


@dataclass(frozen=True, slots=True)
class UserSpeechStopped(Event):
    """`ended_at` is when the last voiced sample was received, before the silence that told us."""

    utterance: int
    ended_at: float


@dataclass(frozen=True, slots=True)
class TranscriptChanged(Event):
    """The whole utterance so far."""

    utterance: int
    text: str


@dataclass(frozen=True, slots=True)
class TranscriptFinished(Event):
    """Empty text: nothing was understood, or noise was dropped on purpose. `unsure`: something was said, but
    perhaps something else.
    """

    utterance: int
    text: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class EndForeseen(Event):
    """The user has paused, and may have finished: what is understood so far may be the whole utterance."""

    utterance: int


@dataclass(frozen=True, slots=True)
class HearingLost(Event):
    """The STT service failed; what was being said may be gone.

    `refused`: it does not do what the client asked for, and will not be asked again.
    """

    message: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class AudioStalled(Event):
    """The microphone sent nothing for a while: silence that never arrives counts as silence."""


@dataclass(frozen=True, slots=True)
class UserCommitted(Event):
    """The client says that the user has finished speaking."""


@dataclass(frozen=True, slots=True)
class TextTyped(Event):
    text: str


@dataclass(frozen=True, slots=True)
class ReplyStopRequested(Event):
    pass


@dataclass(frozen=True, slots=True)
class VariantChosen(Event):
    """Of the agent; the tutor's are levels."""

    variant: str


@dataclass(frozen=True, slots=True)
class ConversationEndRequested(Event):
    """Finish the turn under way, then analyse."""


@dataclass(frozen=True, slots=True)
class HungUp(Event):
    """The client has gone, or must go."""


# ---------------------------------------------------------------------- the reply's side


@dataclass(frozen=True, slots=True)
class ReplyEvent(Event):
    reply: int


@dataclass(frozen=True, slots=True)
class ReplyTextArrived(ReplyEvent):
    text: str


@dataclass(frozen=True, slots=True)
class ReplyTextFinished(ReplyEvent):
    pass


class Failure(Enum):
    """What it means for another try: LOST and LATE may succeed elsewhere, FINAL would fail there too."""

    LOST = "lost"
    LATE = "late"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class ReplyTextFailed(ReplyEvent):
    """`attempt`: which one failed, from 1; 0: the one under way."""

    message: str
    failure: Failure = Failure.FINAL
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it begins, in samples of the reply's audio."""

    text: str
    start_sample: int


@dataclass(frozen=True, slots=True)
class SpeechArrived(ReplyEvent):
    samples: int
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeechFinished(ReplyEvent):
    pass


@dataclass(frozen=True, slots=True)
class SpeechFailed(ReplyEvent):
    """`attempt`: as in ReplyTextFailed."""

    message: str
    failure: Failure = Failure.FINAL
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class PlaybackAdvanced(ReplyEvent):
    """The user's speaker has really played this many samples of the reply.

    Of a stopped one it may still be told for a while: how much was heard in the end.
    """

    samples: int


@dataclass(frozen=True, slots=True)
class PlayedOut(ReplyEvent):
    """Everything that had arrived has been played."""


# ---------------------------------------------------------------------- analysis


@dataclass(frozen=True, slots=True)
class AnalysisFinished(Event):
    report: AnalysisReport


@dataclass(frozen=True, slots=True)
class AnalysisFailed(Event):
    message: str
