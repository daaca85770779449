"""The one interface of speech-to-text engines."""

from dataclasses import dataclass
from typing import Protocol

from engine_room.engines import Engine

PAUSES = "pauses"
"""The ability of engines that predict pauses."""


@dataclass(frozen=True, slots=True)
class ListenOptions:
    language: str = "en"


@dataclass(frozen=True, slots=True)
class HeardWord:
    """A word and where it begins, in samples at 16 kHz from the first that the utterance fed."""

    text: str
    sample: int


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The whole utterance so far; later words may still change. `words`: from engines that know times.

    `whole`: in a lull, all that was said until it began. `confidence`: the mean log probability of what was
    written, from engines that know it.
    """

    text: str
    words: tuple[HeardWord, ...] = ()
    whole: bool = False
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """How likely the speaker has finished, 0 to 1."""

    score: float


SttOutput = Hypothesis | Pause


class SttStream(Protocol):
    """One lane's place in the engine. Calls come one at a time, from one task."""

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        """Take 16-bit mono samples at 16 kHz of the utterance under way; answer what became known."""
        ...

    async def lull(self, begins: bool) -> None:
        """The speaker has fallen silent and may have finished: what `finish` needs may be made ready. Not
        `begins`: the speaker went on.
        """
        ...

    async def finish(self) -> Hypothesis:
        """The utterance ended: its final text, faster than real time. The stream is ready for the next."""
        ...

    async def reset(self) -> None:
        """Forget the utterance under way."""
        ...

    async def close(self) -> None:
        """Free the slot. Safe to call twice."""
        ...


class SttEngine(Engine, Protocol):
    def open(self, options: ListenOptions) -> SttStream:
        """Take a slot. Raises Unsupported for a language it does not know, NoSlot when full."""
        ...
