"""The one interface of text-to-speech engines."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass
from typing import Literal, Protocol

from chassis.faults import InvalidArgument
from engine_room.engines import Engine


@dataclass(frozen=True, slots=True)
class Voice:
    """How to speak. Empty name or language: the engine's default. speed 0.5-2.0, volume 0-2."""

    name: str = ""
    language: str = ""
    speed: float = 1.0
    volume: float = 1.0
    emotion: str = ""
    turn: int = 0


def check_ranges(voice: Voice) -> None:
    """Raises InvalidArgument for a speed or a volume that nobody can speak with."""
    # Written so that NaN fails too.
    if not 0.5 <= voice.speed <= 2.0:
        raise InvalidArgument(f"speed must be 0.5 to 2.0, not {voice.speed:g}")
    if not 0.0 <= voice.volume <= 2.0:
        raise InvalidArgument(f"volume must be 0.0 to 2.0, not {voice.volume:g}")


@dataclass(frozen=True, slots=True)
class Word:
    """A word and where it begins, in samples at 24 kHz from the first sample of the stream."""

    text: str
    start_sample: int


@dataclass(frozen=True, slots=True)
class Speech:
    """16-bit little-endian mono at 24 kHz, any length, with the words that begin in it."""

    pcm: bytes
    words: tuple[Word, ...] = ()


class TtsEngine(Engine, Protocol):
    @property
    def gathers(self) -> Literal["word", "clause"]:
        """What one piece of text must be for this engine to speak it well."""
        ...

    def check(self, voice: Voice) -> None:
        """Raise Unsupported or InvalidArgument, naming what exists, when this voice cannot be spoken."""
        ...

    def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        """Speak pieces as they come. Closing the generator frees the slot at once."""
        ...
