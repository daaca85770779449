"""An engine of no service, for tests of what holds engines."""

import asyncio
from typing import Any

from engine_room.engine_host import EngineHost, State
from engine_room.engines import EngineInfo
from engine_room.gpu_slice import GpuNeed, Grant, read_amount


class Engine:
    """Loads and unloads when it is let; counts both."""

    def __init__(self, slots: int = 2) -> None:
        self.info = EngineInfo(name="sample", model="none", slots=slots)
        self.loads = self.unloads = 0
        self.problem: Exception | None = None
        self.may_load = asyncio.Event()
        self.may_load.set()

    async def load(self) -> None:
        await self.may_load.wait()
        if self.problem is not None:
            raise self.problem
        self.loads += 1

    async def unload(self) -> None:
        self.unloads += 1


class MortalEngine(Engine):
    healthy = True


class SlowEngine(Engine):
    progress = ""


class GpuEngine(Engine):
    """Wants a slice of each of so many GPUs; keeps what it was granted."""

    def __init__(self, amount: str = "8", gpus: int = 1) -> None:
        super().__init__()
        self.gpu_need: GpuNeed | None = GpuNeed(read_amount(amount), gpus)
        self.grants: list[Grant] = []

    def keep_to(self, grant: Grant) -> None:
        self.grants.append(grant)


class CachingEngine(Engine):
    cleared = 0

    async def clear_cache(self) -> None:
        self.cleared += 1


async def until(host: EngineHost[Any], state: State) -> None:
    async with asyncio.timeout(2):
        async for _ in host.changes():
            if host.state is state:
                return
