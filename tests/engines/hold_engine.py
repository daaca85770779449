"""A process that loads vLLM, says so and waits to be killed: `python -m tests.engines.hold_engine MODEL`."""

import asyncio
import sys

from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm import VllmEngine


async def main(model: str) -> None:
    engine = VllmEngine(
        LocalModel(model, max_model_len=512, gpu_memory_utilization=0.1, slots=4, enforce_eager=True)
    )
    await engine.load()
    print("loaded", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
