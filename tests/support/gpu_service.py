"""A service whose engine wants a slice of a GPU and takes nothing: `python -m tests.support.gpu_service`.

It says in its log what it was granted, and where CUDA would find its card.
"""

import asyncio
import os

from chassis.logs import get_logger
from chassis.process import run_process
from engine_room.engine_host import EngineHost
from engine_room.engines import EngineInfo
from engine_room.gpu_slice import GpuNeed, Grant, read_amount
from engine_room.service_process import run_service
from engine_room.settings import ServiceSettings

log = get_logger(__name__)


class SliceEngine:
    info = EngineInfo(name="slice", model="none", slots=1, device="cuda")
    gpu_need = GpuNeed(read_amount("8"))

    def keep_to(self, grant: Grant) -> None:
        log.info("granted", bytes=grant.bytes, card=os.environ["CUDA_VISIBLE_DEVICES"])

    async def load(self) -> None:
        log.info("loading")

    async def unload(self) -> None:
        pass


async def serve(settings: ServiceSettings, stop: asyncio.Event) -> None:
    await run_service("stt", settings, EngineHost(SliceEngine()), lambda _: None, stop)


if __name__ == "__main__":
    run_process("stt_service", ServiceSettings, serve)
