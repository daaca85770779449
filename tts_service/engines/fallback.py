"""A voice in another's place."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Literal

from engine_room.fallback import Fallback
from tts_service.engine import Speech, TtsEngine, Voice


class FallbackEngine(Fallback[TtsEngine]):
    """Voices that only the chosen engine has are spoken in the default voice of the one that stands in.

    Where the chosen one knows its voices only once it is loaded, any that the other lacks is taken for one.
    """

    @property
    def gathers(self) -> Literal["word", "clause"]:
        return self.active.gathers

    def check(self, voice: Voice) -> None:
        self.active.check(self._known(voice))

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        async with aclosing(self.active.speak(pieces, self._known(voice))) as spoken:
            async for speech in spoken:
                yield speech

    def _known(self, voice: Voice) -> Voice:
        if self.active is self._chosen or voice.name in self.active.info.voices:
            return voice
        theirs = self._chosen.info.voices
        is_theirs = not theirs or voice.name.lower() in theirs
        return replace(voice, name="") if is_theirs else voice
