"""What a gate finds in a lane's audio, in the order in which it lies there."""

from dataclasses import dataclass, field
from typing import Literal

StopReason = Literal["silence", "pause", "smart_turn", "flush", "max_duration"]


@dataclass(frozen=True, slots=True)
class Started:
    """Speech began at `sample`, counted from the lane's first: the first voiced window of the run.

    `audio_sample` is the first that the engine is fed, pre-roll included.
    """

    utterance: int
    sample: int
    audio_sample: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Voice:
    """Audio for the engine, 16-bit at 16 kHz: pre-roll, speech, pauses, and the silence before the stop."""

    pcm: bytes


@dataclass(frozen=True, slots=True)
class Stopped:
    """Speech ended at `sample`, the end of its last voiced window.

    `duration_ms` and `rms` (of full scale) are of the speech between start and end, for the noise filter.
    """

    utterance: int
    sample: int
    reason: StopReason
    duration_ms: float
    rms: float


@dataclass(frozen=True, slots=True)
class Lull:
    """The speaker has been silent for LULL_MS and may have finished; not `begins`: and speaks again.

    What is too quiet to be anybody's who speaks here does not end it, and so may be in no transcript.
    """

    begins: bool


@dataclass(frozen=True, slots=True)
class Noticed:
    """A voice has begun at `sample`, too short as yet to be speech: Started follows, or Dismissed."""

    sample: int


@dataclass(frozen=True, slots=True)
class Dismissed:
    """What was noticed did not last."""


GateOutput = Noticed | Dismissed | Started | Voice | Lull | Stopped
