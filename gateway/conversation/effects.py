"""What a conversation asks its session to do, in the imperative. The session carries it out in order."""

from dataclasses import dataclass
from enum import Enum

from gateway.conversation.items import ChatMessage
from gateway.conversation.timing import TurnTiming


class CloseReason(Enum):
    """Why a session ends."""

    DONE = "done"
    IDLE = "idle"
    CLIENT_FAULT = "client_fault"
    TOO_SLOW = "too_slow"
    NOT_ALLOWED = "not_allowed"
    LEAVING = "leaving"
    INTERNAL = "internal"


class Ending(Enum):
    """How a turn ends: as it should, without a word, with its client gone, or cut short, and then by what."""

    COMPLETED = "completed"
    NOTHING_HEARD = "nothing_heard"
    HUNG_UP = "hung_up"
    CUT_BY_SPEECH = "speech"
    CUT_BY_TEXT = "text"
    CUT_BY_STOP = "stop"
    CUT_BY_STALL = "stall"
    """The client did not play what it had."""


USERS_CUTS = (Ending.CUT_BY_SPEECH, Ending.CUT_BY_TEXT, Ending.CUT_BY_STOP)


@dataclass(frozen=True, slots=True)
class StartReply:
    """Ask the language model, and make ready to speak."""

    reply: int
    turn: int
    messages: tuple[ChatMessage, ...]
    variant: str


@dataclass(frozen=True, slots=True)
class StartDraft:
    """Ask the language model for a reply that may not be wanted: nothing is made ready to speak it."""

    reply: int
    turn: int
    messages: tuple[ChatMessage, ...]
    variant: str


@dataclass(frozen=True, slots=True)
class UseDraft:
    """The draft is the reply: make ready to speak, as it is being written already."""

    reply: int
    turn: int


@dataclass(frozen=True, slots=True)
class DropDraft:
    """Stop the language model of this draft: nobody wants it, or it `failed`."""

    reply: int
    failed: bool = False


@dataclass(frozen=True, slots=True)
class StartSpeech:
    """Make ready to speak without asking the language model."""

    reply: int
    turn: int


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask another replica of the language model: of the first nothing has come. `late`: it was too slow."""

    reply: int
    late: bool


@dataclass(frozen=True, slots=True)
class SpeakAgain:
    """Have all of the text so far, and what follows, spoken by another replica: the first made no sound."""

    reply: int
    late: bool


@dataclass(frozen=True, slots=True)
class SpeakText:
    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class FinishText:
    """No more text comes for this reply."""

    reply: int


@dataclass(frozen=True, slots=True)
class CancelText:
    """Stop the language model of this reply; speech goes on."""

    reply: int


@dataclass(frozen=True, slots=True)
class CancelSpeech:
    """The voice was given up: what it may still say of this reply is not played; its text goes on."""

    reply: int


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop everything that is being made for this reply."""

    reply: int


@dataclass(frozen=True, slots=True)
class StopPlayback:
    """Not one more byte of this reply may leave."""

    reply: int


@dataclass(frozen=True, slots=True)
class HoldPlayback:
    """The sound of this reply waits where it is: it may have to go on from this very sample."""

    reply: int


@dataclass(frozen=True, slots=True)
class ResumePlayback:
    reply: int


@dataclass(frozen=True, slots=True)
class FlushHearing:
    """The utterance ends here: have the final at once."""


@dataclass(frozen=True, slots=True)
class RecordTurn:
    """The turn is over since `at`: exactly once per turn, before the next begins and before it is committed.

    `reply` 0: it had none.
    """

    at: float
    turn: int
    reply: int
    ending: Ending
    timing: TurnTiming


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """To be remembered: exactly once per turn. `heard_text` is what the user's speaker really played."""

    turn: int
    user_text: str
    reply_text: str
    heard_text: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Analyze:
    utterances: tuple[str, ...]
    variant: str


@dataclass(frozen=True, slots=True)
class CloseSession:
    reason: CloseReason


ReplyEffect = (
    StartReply
    | StartDraft
    | UseDraft
    | DropDraft
    | StartSpeech
    | AskAgain
    | SpeakAgain
    | SpeakText
    | FinishText
    | CancelText
    | CancelSpeech
    | CancelReply
    | StopPlayback
    | HoldPlayback
    | ResumePlayback
)
Effect = ReplyEffect | FlushHearing | RecordTurn | CommitTurn | Analyze | CloseSession
