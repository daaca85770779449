"""Start the LLM service: `python -m llm_service`."""

import asyncio

from chassis.engine_host import EngineHost
from chassis.process import run_process
from chassis.service_process import run_service
from llm_service.engine import LlmEngine
from llm_service.service import LlmService
from llm_service.settings import LlmSettings
from protos.parley.v1 import llm_pb2_grpc


def make_engine(settings: LlmSettings) -> LlmEngine:
    """The chosen engine; only its module is imported."""
    interval_s = settings.llm_token_interval_ms / 1000
    match settings.llm_engine:
        case "tutor":
            from llm_service.engines.tutor import TutorEngine

            return TutorEngine(slots=settings.llm_slots, token_interval_s=interval_s)
        case "openai":
            from llm_service.engines.openai import OpenAiEngine

            key = settings.llm_api_key.get_secret_value()
            return OpenAiEngine(settings.llm_base_url, key, settings.llm_model_name, settings.llm_slots)
        case "fake":
            from llm_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_llm_first_token_s, interval_s, settings.llm_slots)


async def serve(settings: LlmSettings, stop: asyncio.Event) -> None:
    host = EngineHost(make_engine(settings))
    service = LlmService(host)
    await run_service(
        "llm", settings, host, lambda server: llm_pb2_grpc.add_LlmServicer_to_server(service, server), stop
    )


def main() -> None:
    run_process("llm_service", LlmSettings, serve)


if __name__ == "__main__":
    main()
