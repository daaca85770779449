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
        case "vllm":
            return make_vllm(settings)
        case "fake":
            from llm_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_llm_first_token_s, interval_s, settings.llm_slots)


def make_vllm(settings: LlmSettings) -> LlmEngine:
    from llm_service.engines.vllm import VllmEngine
    from llm_service.engines.vllm_start import VllmOptions

    return VllmEngine(
        VllmOptions(
            model=settings.llm_model_name,
            max_model_len=settings.llm_max_model_len,
            gpu_memory_utilization=settings.llm_gpu_memory_utilization,
            tensor_parallel_size=settings.llm_tensor_parallel_size,
            dtype=settings.llm_dtype,
            slots=settings.llm_slots,
            max_tokens=settings.llm_max_tokens,
            temperature=settings.llm_temperature,
            top_p=settings.llm_top_p,
            trust_remote_code=settings.trust_remote_code,
            enforce_eager=settings.llm_enforce_eager,
        )
    )


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
