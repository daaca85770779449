"""Two voices, both loaded: what the first does not speak, a language or a voice, the second does."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from chassis.faults import Unsupported
from engine_room.engines import EngineInfo, Progressing
from tts_service.engine import Speech, TtsEngine, Voice


class PairEngine:
    """It is shown as the first. Both must gather alike."""

    def __init__(self, first: TtsEngine, second: TtsEngine) -> None:
        self._first, self._second = first, second

    @property
    def gathers(self) -> Literal["word", "clause"]:
        return self._first.gathers

    @property
    def info(self) -> EngineInfo:
        first = self._first.info
        return replace(
            first, languages=tuple(dict.fromkeys((*first.languages, *self._second.info.languages)))
        )

    @property
    def progress(self) -> str:
        first: object = self._first
        return first.progress if isinstance(first, Progressing) else ""

    async def load(self) -> None:
        """Raises what the one that cannot load raises."""
        try:
            await self._first.load()
            await self._second.load()
        except BaseException:
            await self.unload()
            raise

    async def unload(self) -> None:
        await self._first.unload()
        await self._second.unload()

    def check(self, voice: Voice) -> None:
        self._choose(voice)

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        engine, its_voice = self._choose(voice)
        async with aclosing(engine.speak(pieces, its_voice)) as spoken:
            async for speech in spoken:
                yield speech

    def _choose(self, voice: Voice) -> tuple[TtsEngine, Voice]:
        """Who speaks it, and in which voice. Raises Unsupported where neither can."""
        try:
            self._first.check(voice)
        except Unsupported as fault:
            is_firsts = voice.name in self._first.info.voices
            other = replace(voice, name="") if is_firsts else voice
            try:
                self._second.check(other)
            except Unsupported as second:
                raise Unsupported(f"{fault}; and {second}") from second
            return self._second, other
        return self._first, voice
