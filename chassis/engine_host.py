"""Holds a service's engine: its state, its slots, its loading and unloading at run time."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from enum import Enum
from typing import Generic, TypeVar

from prometheus_client import Gauge

from chassis.engines import Engine, Mortal
from chassis.faults import Fault, NoSlot, NotReady
from chassis.logs import get_logger
from chassis.metrics import REGISTRY

log = get_logger(__name__)
E = TypeVar("E", bound=Engine)
HEALTH_S = 1.0

SLOTS = Gauge("parley_slots", "Places for streams in the engine", ["engine"], registry=REGISTRY)
SLOTS_USED = Gauge("parley_slots_used", "Places taken", ["engine"], registry=REGISTRY)
READY = Gauge("parley_engine_ready", "1 when the model is loaded and warm", ["engine"], registry=REGISTRY)


class State(Enum):
    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class EngineHost(Generic[E]):
    """One engine. `changed` tells watchers; transitions are serialised by a lock."""

    def __init__(self, engine: E) -> None:
        self.engine = engine
        self.state = State.UNLOADED
        self.detail = ""
        self.used = 0
        self._leaving = False
        self._lock = asyncio.Lock()
        self._version = 0
        self._watch_wake = asyncio.Event()
        self._labels = {"engine": engine.info.name}

    @property
    def free(self) -> int:
        return max(self.engine.info.slots - self.used, 0) if self.state is State.READY else 0

    @contextmanager
    def slot(self) -> Iterator[E]:
        """Take a slot for the body. Raises NotReady or NoSlot at once; never waits."""
        info = self.engine.info
        if self.state is not State.READY:
            raise NotReady(f"the {info.name} engine is {self.state.value}; try again later")
        if self.used >= info.slots:
            raise NoSlot(f"all {info.slots} slots of the {info.name} engine are taken; try again later")
        self.used += 1
        self._notify()
        try:
            yield self.engine
        finally:
            self.used -= 1
            self._notify()

    async def load(self) -> None:
        """Load and warm the engine; a failure is kept in `detail` and raised."""
        async with self._lock:
            if self.state is State.READY:
                return
            self._set(State.LOADING)
            try:
                await self.engine.load()
            except Exception as error:
                log.exception("engine failed to load", engine=self.engine.info.name)
                self._set(State.FAILED, str(error) if isinstance(error, Fault) else type(error).__name__)
                raise
            self._set(State.DRAINING if self._leaving else State.READY)

    async def unload(self, drain_s: float) -> None:
        """Refuse new streams, wait up to drain_s for those open, and give the memory back."""
        async with self._lock:
            if self.state is not State.READY:
                return
            self._set(State.DRAINING)
            await self.wait_idle(drain_s)
            if self.used:
                self._set(State.READY)
                raise NotReady(
                    f"{self.used} streams were still open after {drain_s:g} s; nothing was unloaded"
                )
            try:
                await self.engine.unload()
            except Exception:
                log.exception("engine failed to unload", engine=self.engine.info.name)
                self._set(State.FAILED, "it could not be unloaded; restart the service")
                raise
            self._set(State.UNLOADED)

    async def drain(self, drain_s: float) -> None:
        """The process is leaving: refuse new streams, also after a load under way, and wait for the rest."""
        self._leaving = True
        self._set(State.DRAINING)
        await self.wait_idle(drain_s)

    async def watch_health(self) -> None:
        """Until cancelled: an engine that has died is FAILED, so nobody is sent here; `load` heals it."""
        while isinstance(self.engine, Mortal):
            await asyncio.sleep(HEALTH_S)
            if self.state is State.READY and not self.engine.healthy:
                log.error("engine died", engine=self.engine.info.name)
                self._set(State.FAILED, "the engine died; load it again")

    async def wait_idle(self, timeout_s: float) -> None:
        """Return when no slot is taken, or after timeout_s."""
        try:
            async with asyncio.timeout(timeout_s):
                async for _ in self.changes():
                    if self.used == 0:
                        return
        except TimeoutError:
            return

    async def changes(self) -> AsyncIterator[None]:
        """Once at once, then after each change; changes that come together are told once."""
        seen = -1
        while True:
            while seen == self._version:
                wake = self._watch_wake
                await wake.wait()
            seen = self._version
            yield

    def _set(self, state: State, detail: str = "") -> None:
        self.state, self.detail = state, detail
        log.info("engine", engine=self.engine.info.name, state=state.value)
        self._notify()

    def _notify(self) -> None:
        self._version += 1
        wake, self._watch_wake = self._watch_wake, asyncio.Event()
        wake.set()
        SLOTS.labels(**self._labels).set(self.engine.info.slots)
        SLOTS_USED.labels(**self._labels).set(self.used)
        READY.labels(**self._labels).set(self.state is State.READY)


@asynccontextmanager
async def loaded(host: EngineHost[E]) -> AsyncIterator[EngineHost[E]]:
    """The host with its engine loaded for the body; unloaded after it."""
    await host.load()
    try:
        yield host
    finally:
        await host.unload(drain_s=1.0)
