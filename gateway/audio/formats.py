"""How sound is written where no container says it."""

from dataclasses import dataclass
from enum import Enum


class Codec(Enum):
    PCM16 = "pcm16"
    """16-bit little-endian samples."""


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """Of one channel; `rate` in Hz."""

    rate: int
    codec: Codec = Codec.PCM16
