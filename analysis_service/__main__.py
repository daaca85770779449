"""Start the analysis service: `python -m analysis_service`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from analysis_service.engine import AnalysisEngine
from analysis_service.service import AnalysisService
from analysis_service.settings import AnalysisSettings
from chassis.addresses import split
from chassis.process import run_process
from engine_room.engine_host import EngineHost
from engine_room.service_process import run_service
from protos.parley.v1 import analysis_pb2_grpc

if TYPE_CHECKING:
    from analysis_service.store import Store


def make_engine(settings: AnalysisSettings) -> AnalysisEngine:
    """The chosen engine; only its module is imported."""
    match settings.analysis_engine:
        case "rules":
            from analysis_service.engines.rules import RulesEngine

            return RulesEngine(slots=settings.analysis_slots)
        case "llm":
            from analysis_service.engines.llm import LlmEngine

            return LlmEngine(split(settings.llm_addresses), slots=settings.analysis_slots)
        case "fake":
            from analysis_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_analysis_delay_s, slots=settings.analysis_slots)


@asynccontextmanager
async def opened_store(settings: AnalysisSettings) -> AsyncIterator["Store | None"]:
    """The store for the body; None where the settings name none."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield None
        return
    from analysis_service.store import Store

    store = Store(url, settings.memory_ttl_s)
    try:
        yield store
    finally:
        await store.close()


async def serve(settings: AnalysisSettings, stop: asyncio.Event) -> None:
    host = EngineHost(make_engine(settings))
    async with opened_store(settings) as store:
        service = AnalysisService(host, store)
        await run_service(
            "analysis",
            settings,
            host,
            lambda server: analysis_pb2_grpc.add_AnalysisServicer_to_server(service, server),
            stop,
        )


def main() -> None:
    run_process("analysis_service", AnalysisSettings, serve)


if __name__ == "__main__":
    main()
