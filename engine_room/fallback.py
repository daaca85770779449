"""The chosen engine, or one that stands in for it when it cannot load: said in the log and in the status."""

from dataclasses import replace
from typing import Generic, TypeVar

from chassis.faults import Fault, NotReady
from chassis.logs import get_logger
from engine_room.engines import Caching, Engine, EngineInfo, GpuBound, Mortal, Progressing
from engine_room.freed_memory import let_go
from engine_room.gpu_slice import GpuNeed, Grant

log = get_logger(__name__)
E = TypeVar("E", bound=Engine)


class Fallback(Generic[E]):
    """Each `load` tries the chosen engine first. What is shown is the engine that answers.

    A service adds its own verbs, which go to `active`.
    """

    def __init__(self, chosen: E, substitute: E) -> None:
        self._chosen, self._substitute = chosen, substitute
        self.active = chosen
        self._reason = ""

    @property
    def info(self) -> EngineInfo:
        return replace(self.active.info, fallback=self._reason)

    @property
    def healthy(self) -> bool:
        active: object = self.active
        return active.healthy if isinstance(active, Mortal) else True

    @property
    def progress(self) -> str:
        active: object = self.active
        return active.progress if isinstance(active, Progressing) else ""

    @property
    def gpu_need(self) -> GpuNeed | None:
        """The chosen engine's; whichever loads keeps to it."""
        chosen: object = self._chosen
        return chosen.gpu_need if isinstance(chosen, GpuBound) else None

    def keep_to(self, grant: Grant) -> None:
        """Both engines are told: only one of them is loaded at a time."""
        for engine in (self._chosen, self._substitute):
            if isinstance(engine, GpuBound):
                engine.keep_to(grant)

    async def load(self) -> None:
        """Load the chosen engine, else the substitute. Raises NotReady with both reasons if neither loads."""
        await self.unload()
        self.active, self._reason = self._chosen, ""
        try:
            await self._chosen.load()
            return
        except Exception as error:
            failure = error
        reason = str(failure) if isinstance(failure, Fault) else type(failure).__name__
        let_go(failure)  # or what it held would be there while the other loads
        await self._chosen.unload()
        await self._stand_in(reason)

    async def _stand_in(self, reason: str) -> None:
        wanted, name = self._chosen.info.name, self._substitute.info.name
        self.active = self._substitute
        try:
            await self._substitute.load()
        except Fault as fault:
            self.active = self._chosen
            raise NotReady(f"{reason}; and {name}, which would stand in: {fault}") from fault
        standing = self._substitute.info  # where that too is one of two, it may be the second
        behind = f"; {standing.fallback}" if standing.fallback else ""
        self._reason = f"{wanted} could not start: {reason}{behind}"
        log.warning("fallback", wanted=wanted, engine=standing.name, reason=reason)

    async def unload(self) -> None:
        for engine in (self._chosen, self._substitute):
            await engine.unload()

    async def clear_cache(self) -> None:
        if isinstance(self.active, Caching):
            await self.active.clear_cache()
