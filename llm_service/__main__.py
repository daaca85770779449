"""Start the LLM service: `python -m llm_service`."""

import asyncio
import sys
from collections.abc import Mapping

from chassis.faults import NotReady
from chassis.process import run_process
from chassis.settings import changed
from engine_room.engine_host import EngineHost
from engine_room.models_folder import use_models_folder
from engine_room.service_process import run_service
from llm_service.engine import LlmEngine
from llm_service.service import LlmService
from llm_service.settings import CHANGEABLE, LlmSettings
from protos.parley.v1 import llm_pb2_grpc

ENVIRONMENTS = {
    "vllm": ".venvs/vllm/.made",
    "transformers": ".venvs/vllm/.made",
    "llama_cpp": ".venvs/cpu/.run",
}
"""The Makefile's targets that install these engines where their libraries clash with nobody's."""


def make_engine(settings: LlmSettings) -> LlmEngine:
    """The chosen engine; only its module is imported. Raises NotReady when a library is missing."""
    name = settings.llm_engine
    try:
        return _make(settings)
    except ImportError as missing:
        raise NotReady(why_not(name, str(missing.name))) from missing


def why_not(engine: str, library: str) -> str:
    """What to do where an engine's library is not installed."""
    extra = f"llm-{engine.replace('_', '-')}"
    here = f"pip install -e '.[{extra}]' for the Python that runs this service, {sys.executable}"
    words = f"LLM_ENGINE={engine} needs {library}, which is not installed: {here}"
    if target := ENVIRONMENTS.get(engine):
        python = f"{target.rpartition('/')[0]}/bin/python"
        words += f"; or, in a checkout: make {target}, and start again with LLM_PYTHON={python}"
    return words


def _make(settings: LlmSettings) -> LlmEngine:
    slots = settings.slots_for(settings.llm_engine)
    interval_s = settings.llm_token_interval_ms / 1000
    match settings.llm_engine:
        case "tutor":
            from llm_service.engines.local import make_mind
            from llm_service.engines.tutor import TutorEngine

            return TutorEngine(slots, interval_s, make_mind(settings))
        case "openai":
            from llm_service.engines.openai import OpenAiEngine
            from llm_service.engines.openai_request import Own

            key = settings.llm_api_key.get_secret_value()
            own = Own(
                max_tokens=settings.llm_max_tokens,
                temperature=settings.llm_temperature,
                top_p=settings.llm_top_p,
                window=settings.llm_max_model_len,
            )
            return OpenAiEngine(settings.llm_base_url, key, settings.llm_model_name, slots, own)
        case "fake":
            from llm_service.engines.fake import FakeEngine

            return FakeEngine(settings.fake_llm_first_token_s, interval_s, slots)
        case "vllm" | "transformers" | "llama_cpp":
            from llm_service.engines.local import make_local

            return make_local(settings)


async def serve(settings: LlmSettings, stop: asyncio.Event) -> None:
    use_models_folder(settings.models_cache_dir)

    def make(changes: Mapping[str, str]) -> LlmEngine:
        return make_engine(changed(settings, changes, CHANGEABLE))

    host = EngineHost(make_engine(settings), make)
    service = LlmService(host)
    await run_service(
        "llm", settings, host, lambda server: llm_pb2_grpc.add_LlmServicer_to_server(service, server), stop
    )


def main() -> None:
    run_process("llm_service", LlmSettings, serve)


if __name__ == "__main__":
    main()
