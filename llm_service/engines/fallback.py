"""A language model in another's place."""

from collections.abc import AsyncGenerator

from engine_room.fallback import Fallback
from llm_service.engine import Abilities, LlmEngine, LlmOutput, Prompt


class FallbackEngine(Fallback[LlmEngine]):
    @property
    def abilities(self) -> Abilities:
        return self.active.abilities

    def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        return self.active.chat(prompt)
