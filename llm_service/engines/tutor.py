"""The tutor of the embedded profile: rules instead of weights, so a bare machine can hold a conversation.

This file streams; what is said comes from `tutoring`. It keeps no state between replies.
"""

import asyncio
import re
from collections.abc import AsyncGenerator

from engine_room.engines import EngineInfo
from llm_service.engine import Abilities, Delta, Finished, LlmOutput, Prompt
from llm_service.engines.tutoring.dialogue import reply_to

_TOKEN = re.compile(r"\S+\s*")
_SENTENCE_END = re.compile(r"[.!?]\"?\s*$")


class TutorEngine:
    """Alex, an English tutor for three levels. A token is a word with the space that follows it."""

    def __init__(self, slots: int = 32, token_interval_s: float = 0.0) -> None:
        self._slots = slots
        self._token_interval_s = token_interval_s

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="tutor", model="rules", slots=self._slots, abilities=self.abilities.names)

    @property
    def abilities(self) -> Abilities:
        return Abilities()

    async def load(self) -> None:
        """Nothing to load: the rules come with the module."""

    async def unload(self) -> None:
        """Nothing to give back."""

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        """Answer word by word, cut at a sentence's end where `max_tokens` asks for less than the reply."""
        tokens = _TOKEN.findall(reply_to(prompt).text)
        kept = _within(tokens, prompt.sampling.max_tokens)
        for token in kept:
            await asyncio.sleep(self._token_interval_s)
            yield Delta(token)
        heard = sum(len(message.content.split()) for message in prompt.messages)
        yield Finished("stop" if len(kept) == len(tokens) else "length", heard, len(kept))


def _within(tokens: list[str], most: int | None) -> list[str]:
    """The first `most` tokens at the longest, back to the last whole sentence if there is one."""
    if most is None or len(tokens) <= most:
        return tokens
    kept = tokens[: max(most, 0)]
    ends = [i for i, token in enumerate(kept, start=1) if _SENTENCE_END.search(token)]
    return kept[: ends[-1]] if ends else kept
