"""Holds a service's engine: its state, its slots, its loading and unloading at run time."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from enum import Enum
from typing import Generic, TypeVar

from chassis.faults import Fault, NoSlot, NotReady, Unavailable, Unsupported
from chassis.logs import get_logger
from chassis.tasks import task_group
from engine_room.changes import Changes
from engine_room.engine_gauges import EngineGauges, show_memory
from engine_room.engines import Caching, Choice, Engine, Mortal, Progressing
from engine_room.freed_memory import let_go
from engine_room.gpu_guard import GpuGuard
from engine_room.held_memory import weigh

log = get_logger(__name__)
E = TypeVar("E", bound=Engine)
HEALTH_S = 1.0
PROGRESS_S = 0.25
REVIVALS = 3
REVIVAL_PAUSE_S = 1.0


class State(Enum):
    UNLOADED = "unloaded"
    LOADING = "loading"
    READY = "ready"
    DRAINING = "draining"
    FAILED = "failed"


class EngineHost(Generic[E]):
    """One engine. `changes` tells watchers; loading and unloading are serialised by a lock.

    `used`: slots that are taken. `detail`: what loading does now, or why it failed, in words for people.
    `memory_bytes`: main and GPU memory that the process and its children hold; `gpu_bytes`: the GPUs' part.
    `load_s`: seconds that the last load took, of which waiting for a turn is a part.
    `make` makes the engine of a choice, and raises InvalidArgument for settings that are not possible.
    `guard`, where there is one, stands around each load on a machine with a GPU.
    """

    def __init__(self, engine: E, make: Callable[[Mapping[str, str]], E] | None = None) -> None:
        self.engine = engine
        self.state = State.UNLOADED
        self.detail = ""
        self.used = 0
        self.choice = Choice("")
        self.guard: GpuGuard | None = None
        self.memory_bytes = 0
        self.gpu_bytes = 0
        self.load_s = 0.0
        self._make = make
        self._leaving = False
        self._broken_off = False
        self._lock = asyncio.Lock()
        self._changes = Changes()
        self._gauges = EngineGauges(engine.info.name)

    @property
    def free(self) -> int:
        """Slots that a new stream can take now; 0 unless READY."""
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

    async def load(self, choice: Choice | None = None, reload: bool = False, drain_s: float = 0.0) -> None:
        """Load and warm the engine; a failure is kept in `detail` and raised.

        `choice` puts another model in the engine's place, once the streams open now have ended; None: the
        one that is there. Raises InvalidArgument or Unsupported for a choice that cannot be, NotReady when
        streams were still open after `drain_s`, and what the new model's load raises: then the model before
        is loaded, where one was.
        """
        async with self._lock:
            chosen = self.choice if choice is None else choice
            if self.state is State.READY and chosen == self.choice and not reload:
                return
            if choice is None:
                if self.state is State.READY:
                    await self._unload(drain_s)
                await self._load()
            else:
                await self._replace(self._engine_of(choice), choice, drain_s)

    async def _replace(self, engine: E, choice: Choice, drain_s: float) -> None:
        """Unload, then load `engine`; where that fails load the one before, if it was READY, and raise."""
        before, was_ready = (self.engine, self.choice), self.state is State.READY
        await self._unload(drain_s)
        self.engine, self.choice = engine, choice
        try:
            await self._load()
            return
        except Exception as error:
            failure = error
        except BaseException:
            if was_ready:
                self.engine, self.choice = before  # watch_health loads it
            raise
        if was_ready:
            let_go(failure)
            await self._bring_back(engine, *before)
        raise failure

    async def _bring_back(self, failed: E, engine: E, choice: Choice) -> None:
        try:
            await failed.unload()
        except Exception:
            log.exception("engine failed to unload", engine=failed.info.name)
        self.engine, self.choice = engine, choice
        try:
            await self._load()
        except Exception:
            self._broken_off = True  # the reason to tell is the chosen model's; watch_health tries again

    def _engine_of(self, choice: Choice) -> E:
        if self._make is None:
            raise Unsupported("this service has one model, which its settings choose")
        return self._make(choice.settings)

    async def _load(self) -> None:
        self._set(State.LOADING)
        started = time.monotonic()
        try:
            async with task_group() as group:
                telling = group.create_task(self._tell_progress())
                try:
                    async with self._guarded():
                        await self.engine.load()
                finally:
                    telling.cancel()
        except Exception as error:
            log.exception("engine failed to load", engine=self.engine.info.name)
            self._set(State.FAILED, str(error) if isinstance(error, Fault) else type(error).__name__)
            raise
        except BaseException:
            self._break_off()
            raise
        self.load_s = time.monotonic() - started
        await self.weigh()
        self._set_ready()

    def _set_ready(self) -> None:
        self._broken_off = False
        self._set(State.DRAINING if self._leaving else State.READY)

    def _break_off(self) -> None:
        """Loading or unloading was cancelled midway: FAILED, and `watch_health` loads the engine again."""
        self._broken_off = True
        self._set(State.FAILED, "loading or unloading was broken off; the model is being loaded again")

    def _guarded(self) -> AbstractAsyncContextManager[None]:
        return nullcontext() if self.guard is None else self.guard.around(self.engine)

    async def _tell_progress(self) -> None:
        while True:
            if self.detail != (progress := self._progress()):
                self.detail = progress
                self._notify()
            await asyncio.sleep(PROGRESS_S)

    def _progress(self) -> str:
        if self.guard is not None and self.guard.waiting:
            return self.guard.waiting
        engine: Engine = self.engine
        return engine.progress if isinstance(engine, Progressing) else ""

    async def unload(self, drain_s: float) -> None:
        """Refuse new streams, wait up to `drain_s` seconds for those open, and give the memory back.

        Raises NotReady, and stays READY, when streams are still open then; what the engine raises: FAILED.
        """
        async with self._lock:
            await self._unload(drain_s)

    async def _unload(self, drain_s: float) -> None:
        if self.state not in (State.READY, State.FAILED):
            return
        if self.state is State.READY:
            await self._empty(drain_s)
        try:
            await self.engine.unload()
        except Exception:
            log.exception("engine failed to unload", engine=self.engine.info.name)
            self._set(State.FAILED, "it could not be unloaded; restart the service")
            raise
        except BaseException:
            self._break_off()
            raise
        self._broken_off = False
        if self.guard is not None:
            await self.guard.unloaded()
        await self.weigh()
        self._set(State.UNLOADED)

    async def _empty(self, drain_s: float) -> None:
        """Refuse new streams until those open have ended. Raises NotReady when they do not."""
        self._set(State.DRAINING)
        try:
            await self.wait_idle(drain_s)
        except BaseException:
            self._set_ready()
            raise
        if self.used:
            self._set_ready()
            raise NotReady(f"{self.used} streams were still open after {drain_s:g} s; nothing was unloaded")

    async def clear_cache(self) -> None:
        """Give back what a READY engine caches, where it is a `Caching` one, and weigh anew."""
        async with self._lock:
            if self.state is State.READY and isinstance(self.engine, Caching):
                await self.engine.clear_cache()
            await self.weigh()
            self._notify()

    async def drain(self, drain_s: float) -> None:
        """The process is leaving: refuse new streams for good, and wait `drain_s` seconds at most."""
        self._leaving = True
        self._set(State.DRAINING)
        await self.wait_idle(drain_s)

    async def watch_health(self) -> None:
        """Until cancelled: an engine that has died is FAILED, so nobody is sent here, and is loaded again.

        Raises Unavailable when it cannot be: a supervisor's new process may do better.
        """
        while True:
            await asyncio.sleep(HEALTH_S)
            engine = self.engine
            if self.state is State.READY and isinstance(engine, Mortal) and not engine.healthy:
                log.error("engine died", engine=engine.info.name)
                self._set(State.FAILED, "the engine died; it is being loaded again")
                await self._revive()
            elif self.state is State.FAILED and self._broken_off and not self._leaving:
                await self._revive()

    async def _revive(self) -> None:
        for attempt in range(1, REVIVALS + 1):
            if self.state is not State.FAILED:
                return  # somebody has loaded or unloaded it
            try:
                await self.load()
            except Exception:
                log.error("engine could not be revived", engine=self.engine.info.name, attempt=attempt)
                await asyncio.sleep(REVIVAL_PAUSE_S * attempt)
            else:
                return
        raise Unavailable(f"the {self.engine.info.name} engine died and could not be loaded again")

    async def wait_idle(self, timeout_s: float) -> None:
        """Return when no slot is taken, or after `timeout_s` seconds."""
        try:
            async with asyncio.timeout(timeout_s):
                async for _ in self.changes():
                    if self.used == 0:
                        return
        except TimeoutError:
            return

    def changes(self, every_s: float | None = None) -> AsyncIterator[None]:
        """Once at once, then after each change of state or slots, and at least every `every_s`."""
        return self._changes.follow(every_s)

    async def weigh(self) -> None:
        """Measure the memory that is held now, in a thread, and show it in `memory_bytes` and the gauges."""
        held = await asyncio.to_thread(weigh)
        self.gpu_bytes = held.gpus if self.guard is None else self.guard.held_bytes(held.gpus)
        self.memory_bytes = held.main + self.gpu_bytes
        show_memory(self.memory_bytes)

    def _set(self, state: State, detail: str = "") -> None:
        self.state, self.detail = state, detail
        log.info("engine", engine=self.engine.info.name, state=state.value)
        self._notify()

    def _notify(self) -> None:
        self._changes.tell()
        self._gauges.show(self.engine.info, self.state is State.READY, self.used)
