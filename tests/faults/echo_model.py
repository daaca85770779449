"""A language model for one purpose: it says the user's words, so that they reach and script the fake voice.

Started as `python -m tests.faults.echo_model` with GRPC_PORT in its environment.
"""

import asyncio
from collections.abc import AsyncGenerator

from chassis.process import run_process
from engine_room.engine_host import EngineHost
from engine_room.service_process import run_service
from llm_service.engine import Delta, Finished, LlmEngine, LlmOutput, Prompt
from llm_service.engines.fake import FakeEngine
from llm_service.service import LlmService
from llm_service.settings import LlmSettings
from protos.parley.v1 import llm_pb2_grpc


class EchoEngine(FakeEngine):
    """The fake but for its script."""

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        for word in prompt.messages[-1].content.split():
            yield Delta(f"{word} ")
        yield Finished()


async def serve(settings: LlmSettings, stop: asyncio.Event) -> None:
    host: EngineHost[LlmEngine] = EngineHost(EchoEngine())
    service = LlmService(host)
    await run_service(
        "llm", settings, host, lambda server: llm_pb2_grpc.add_LlmServicer_to_server(service, server), stop
    )


if __name__ == "__main__":
    run_process("echo_model", LlmSettings, serve)
