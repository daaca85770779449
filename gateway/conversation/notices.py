"""What a conversation tells its client, in the past tense. A dialect has its own words for it, or none."""

from dataclasses import dataclass

from gateway.conversation.floor import Phase
from gateway.conversation.report import AnalysisReport


@dataclass(frozen=True, slots=True)
class PhaseChanged:
    """Or the turn: THINKING follows THINKING where typed text took the place of a question."""

    phase: Phase
    turn: int


@dataclass(frozen=True, slots=True)
class Transcribed:
    """What the user has said in this turn so far. Final and empty: nothing was understood.

    `before`: so much of it was told as final before they went on.
    """

    turn: int
    text: str
    is_final: bool
    before: str = ""


@dataclass(frozen=True, slots=True)
class ReplyTextAdded:
    turn: int
    reply: int
    text: str


@dataclass(frozen=True, slots=True)
class ReplyTextEnded:
    """`full_text` is all that was added."""

    turn: int
    reply: int
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
class LatenciesMeasured:
    """At the first sound of a reply."""

    turn: int
    reply: int
    latencies: Latencies


@dataclass(frozen=True, slots=True)
class ReplyWithdrawn:
    """The user goes on, and nothing of this reply was heard: what was shown of it is void. Another follows in
    the same turn, once they have finished.
    """

    turn: int
    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackStopped:
    """What the client still holds of this reply's sound is not to be played."""

    turn: int
    reply: int


@dataclass(frozen=True, slots=True)
class TurnCompleted:
    """`heard_text`: what was heard of the reply, as far as it is known now. `audio_samples`: at 24 kHz."""

    turn: int
    reply: int
    interrupted: bool
    heard_text: str
    audio_samples: int


@dataclass(frozen=True, slots=True)
class PlaybackHeld:
    """Somebody speaks over the reply: its sound waits until it is known whether that was meant."""

    turn: int
    reply: int


@dataclass(frozen=True, slots=True)
class PlaybackResumed:
    """It was not: the sound goes on where it was held."""

    turn: int
    reply: int


@dataclass(frozen=True, slots=True)
class BackchannelHeard:
    """What the user said over the reply, to say that they listen: "mm-hmm"."""

    turn: int
    text: str


@dataclass(frozen=True, slots=True)
class Analyzed:
    report: AnalysisReport


@dataclass(frozen=True, slots=True)
class ErrorOccurred:
    """For a person: what went wrong. `turn` 0: it belongs to no turn."""

    code: str
    message: str
    turn: int = 0


Notice = (
    PhaseChanged
    | Transcribed
    | ReplyTextAdded
    | ReplyTextEnded
    | LatenciesMeasured
    | ReplyWithdrawn
    | PlaybackStopped
    | PlaybackHeld
    | PlaybackResumed
    | BackchannelHeard
    | TurnCompleted
    | Analyzed
    | ErrorOccurred
)
