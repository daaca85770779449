"""What engines with slots have in common: one model, stepped for all streams by a thread of its own."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from chassis.faults import NotReady
from chassis.threads import run_beside
from engine_room.footprints import Footprint, check_fit, footprint_of
from engine_room.freed_memory import give_back_gpu
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from engine_room.hub_reach import settle_hub
from engine_room.load_failures import why_not_loaded
from engine_room.slot_thread import SlotThread

Read = TypeVar("Read")
Post = Callable[..., None]


class BatchModel(Protocol):
    """A model with a place for each of its streams. Called on the slot thread alone."""

    device: str

    def warm(self) -> None:
        """Compile and allocate what would else be made on first use; all slots are reset after it."""
        ...


class SlotEngine(ABC, Generic[Read]):
    """Loads a batched model, runs its thread, unloads it.

    `engine` and `service` name the thread. `name` is a folder or a repository; `device` empty: the best there
    is; `dtype`: auto or a number format of torch. `progress`: what `load` does now, for people.
    """

    engine: str
    service: str

    def __init__(self, name: str, slots: int, device: str, dtype: str) -> None:
        self._name, self._slots, self._device, self._dtype = name, slots, device, dtype
        self._thread: SlotThread | None = None
        self._share: float | None = None
        self._on = ""
        self.progress = ""

    @abstractmethod
    def _read(self) -> Read:
        """Read the weights, on a thread of its own. May raise anything."""

    @abstractmethod
    def _take_up(
        self, read: Read, post: Callable[[Post], Post]
    ) -> tuple[BatchModel, Callable[[], float | None]]:
        """The model made of what was read, and the step that the thread calls for all slots.

        The step's result is what `SlotThread` takes. `post` wraps a function: called on the thread, it is run
        on the event loop, soon.
        """

    @abstractmethod
    def _forget(self) -> None:
        """Drop every reference to the model and to what belongs to it; safe to call without one."""

    @abstractmethod
    def _fail(self) -> None:
        """End every stream with a fault: the thread steps no more. On the event loop."""

    @property
    def healthy(self) -> bool:
        return self._thread is not None and self._thread.alive

    @property
    def gpu_need(self) -> GpuNeed | None:
        if self._device == "cpu":
            return None
        return GpuNeed(Amount(bytes=self._footprint.of(self._slots)), lower=self._slots_variable)

    def keep_to(self, grant: Grant) -> None:
        """Raises NotReady where so many slots do not fit."""
        check_fit(self._name, self._footprint, self._slots, grant.bytes, self._slots_variable)
        self._share = grant.allocator_share

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await self.unload()
        self.progress = "reading the weights"
        await settle_hub(self._name)
        try:
            read = await run_beside(self._read, lambda _: None, f"{self.engine}-load")
        except NotReady:
            raise
        except Exception as error:
            raise self._cannot(error) from error
        loop = asyncio.get_running_loop()

        def post(method: Post) -> Post:
            def posted(*values: Any) -> None:
                loop.call_soon_threadsafe(method, *values)

            return posted

        def fail(failure: BaseException) -> None:  # noqa: ARG001  # the thread has logged it
            loop.call_soon_threadsafe(self._fail)

        model, step = self._take_up(read, post)
        self._on = model.device
        self._thread = SlotThread(f"{self.engine}-{self.service}", step, fail)
        self._thread.start()
        self.progress = "warming up"
        try:
            await asyncio.wrap_future(self._thread.ask(model.warm))
        except BaseException as error:
            await self.unload()
            if isinstance(error, Exception):
                raise self._cannot(error) from error
            raise

    async def unload(self) -> None:
        thread, self._thread = self._thread, None
        self._fail()
        self._forget()
        if thread is not None:
            await asyncio.to_thread(thread.stop)
        del thread  # it knows the model; and a load that failed left something too
        await asyncio.to_thread(give_back_gpu)

    @property
    def _slots_variable(self) -> str:
        return f"{self.service.upper()}_SLOTS"

    @property
    def _footprint(self) -> Footprint:
        """Of a folder with a model of one's own: by its weights."""
        folder = Path(self._name).expanduser()
        weights = sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder.is_dir() else 0
        return footprint_of(self._name, weights)

    def _cannot(self, error: Exception) -> NotReady:
        return NotReady(f"{self.engine} cannot load {self._name!r}: {why_not_loaded(error)}")
