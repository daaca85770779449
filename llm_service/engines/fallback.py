"""The chosen engine, or one that stands in for it when it cannot load: said in the log and in the status."""

from collections.abc import AsyncGenerator
from dataclasses import replace

from chassis.engines import Caching, EngineInfo, Mortal, Progressing
from chassis.faults import Fault, NotReady
from chassis.logs import get_logger
from llm_service.engine import Abilities, LlmEngine, LlmOutput, Prompt

log = get_logger(__name__)


class FallbackEngine:
    """Each `load` tries the chosen engine first. What is shown is the engine that answers."""

    def __init__(self, chosen: LlmEngine, substitute: LlmEngine) -> None:
        self._chosen, self._substitute = chosen, substitute
        self._active = chosen
        self._reason = ""

    @property
    def info(self) -> EngineInfo:
        return replace(self._active.info, fallback=self._reason)

    @property
    def abilities(self) -> Abilities:
        return self._active.abilities

    @property
    def healthy(self) -> bool:
        return self._active.healthy if isinstance(self._active, Mortal) else True

    @property
    def progress(self) -> str:
        return self._active.progress if isinstance(self._active, Progressing) else ""

    async def load(self) -> None:
        """Raises NotReady with both reasons when neither loads."""
        await self.unload()
        self._active, self._reason = self._chosen, ""
        try:
            await self._chosen.load()
        except Fault as fault:
            await self._stand_in(str(fault))

    async def _stand_in(self, reason: str) -> None:
        wanted, name = self._chosen.info.name, self._substitute.info.name
        self._active = self._substitute
        try:
            await self._substitute.load()
        except Fault as fault:
            self._active = self._chosen
            raise NotReady(f"{reason}; and {name}, which would stand in: {fault}") from fault
        self._reason = f"{wanted} could not start: {reason}"
        log.warning("fallback", wanted=wanted, engine=name, reason=reason)

    async def unload(self) -> None:
        for engine in (self._chosen, self._substitute):
            await engine.unload()

    async def clear_cache(self) -> None:
        if isinstance(self._active, Caching):
            await self._active.clear_cache()

    def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        return self._active.chat(prompt)
