"""Start the analysis service: `python -m analysis_service`."""

import asyncio

from analysis_service.engine import AnalysisEngine
from analysis_service.service import AnalysisService
from analysis_service.settings import AnalysisSettings
from chassis.engine_host import EngineHost
from chassis.process import run_process
from chassis.service_process import run_service
from protos.parley.v1 import analysis_pb2_grpc


def make_engine(settings: AnalysisSettings) -> AnalysisEngine:
    """The chosen engine; only its module is imported."""
    match settings.analysis_engine:
        case "rules":
            from analysis_service.engines.rules import RulesEngine

            return RulesEngine(slots=settings.analysis_slots)
        case "fake":
            from analysis_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_analysis_delay_s, slots=settings.analysis_slots)


async def serve(settings: AnalysisSettings, stop: asyncio.Event) -> None:
    host = EngineHost(make_engine(settings))
    service = AnalysisService(host)
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
