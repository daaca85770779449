"""What a conversation asks for, in the imperative. The session carries them out in order."""

from dataclasses import dataclass
from enum import Enum

from gateway.conversation.history import ChatMessage
from gateway.conversation.phases import Phase
from gateway.conversation.report import AnalysisReport


class CloseReason(Enum):
    """Why a session ends."""

    DONE = "done"
    IDLE = "idle"
    CLIENT_FAULT = "client_fault"
    TOO_SLOW = "too_slow"
    NOT_ALLOWED = "not_allowed"
    LEAVING = "leaving"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class StartReply:
    """Ask the language model, and make ready to speak."""

    turn: int
    messages: tuple[ChatMessage, ...]
    level: str


@dataclass(frozen=True, slots=True)
class StartSpeech:
    """Make ready to speak without asking the language model."""

    turn: int


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask another replica of the language model: of the first nothing has come. `late`: it was too slow."""

    turn: int
    late: bool


@dataclass(frozen=True, slots=True)
class SpeakAgain:
    """Have all of the text so far, and what follows, spoken by another replica: the first made no sound."""

    turn: int
    late: bool


@dataclass(frozen=True, slots=True)
class SpeakText:
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class FinishText:
    """No more text comes for this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class CancelText:
    """Stop the language model of this turn; speech goes on."""

    turn: int


@dataclass(frozen=True, slots=True)
class CancelSpeech:
    """The voice was given up: what it may still say of this turn is not played; its text goes on."""

    turn: int


@dataclass(frozen=True, slots=True)
class CancelReply:
    """Stop everything that is being made for this turn."""

    turn: int


@dataclass(frozen=True, slots=True)
class FlushPlayback:
    """Not one more byte of this turn may leave."""

    turn: int


@dataclass(frozen=True, slots=True)
class FlushHearing:
    """The utterance ends here: have the final at once."""


@dataclass(frozen=True, slots=True)
class ShowState:
    phase: Phase
    turn: int


@dataclass(frozen=True, slots=True)
class ShowTranscript:
    turn: int
    text: str
    is_final: bool


@dataclass(frozen=True, slots=True)
class ShowReplyText:
    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class FinishReplyText:
    turn: int
    full_text: str


@dataclass(frozen=True, slots=True)
class Latencies:
    """Seconds; None where the stage did not happen (typed text has no end of speech)."""

    end_of_turn_s: float | None
    stt_final_s: float | None
    llm_first_token_s: float | None
    tts_first_audio_s: float | None
    voice_to_voice_s: float | None


@dataclass(frozen=True, slots=True)
class ReportLatencies:
    turn: int
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class CompleteTurn:
    """The turn is over. `heard_text` is what the user's speaker really played."""

    turn: int
    interrupted: bool
    heard_text: str
    audio_samples: int


@dataclass(frozen=True, slots=True)
class CommitTurn:
    """To be remembered: exactly once per turn."""

    turn: int
    user_text: str
    reply_text: str
    heard_text: str
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Analyze:
    utterances: tuple[str, ...]
    level: str


@dataclass(frozen=True, slots=True)
class ShowAnalysis:
    report: AnalysisReport


@dataclass(frozen=True, slots=True)
class ShowError:
    """For a person: what went wrong. `turn` 0: it belongs to no turn."""

    code: str
    message: str
    turn: int = 0


@dataclass(frozen=True, slots=True)
class CloseSession:
    reason: CloseReason


Command = (
    StartReply
    | StartSpeech
    | AskAgain
    | SpeakAgain
    | SpeakText
    | FinishText
    | CancelText
    | CancelSpeech
    | CancelReply
    | FlushPlayback
    | FlushHearing
    | ShowState
    | ShowTranscript
    | ShowReplyText
    | FinishReplyText
    | ReportLatencies
    | CompleteTurn
    | CommitTurn
    | Analyze
    | ShowAnalysis
    | ShowError
    | CloseSession
)
