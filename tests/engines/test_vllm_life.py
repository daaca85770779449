"""vLLM's own process: it ends when the engine is unloaded, and its death is told and healed."""

import asyncio
import signal
import time
from collections.abc import Iterator

import psutil
import pytest

from chassis.faults import Unavailable
from llm_service.engine import Finished, LlmOutput, Message, Prompt, Sampling
from llm_service.engines.vllm import VllmEngine
from llm_service.engines.vllm_start import VllmOptions

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
PROMPT = Prompt(1, (Message("user", "Hello"),), Sampling(max_tokens=400, min_tokens=400))


@pytest.fixture
def engine(runner: asyncio.Runner, options: VllmOptions) -> Iterator[VllmEngine]:
    engine = VllmEngine(options)
    runner.run(engine.load())
    yield engine
    runner.run(engine.unload())


def cores() -> list[psutil.Process]:
    """vLLM's processes: those of ours that hold a model."""
    ours = psutil.Process().children(recursive=True)
    return [process for process in ours if process.memory_info().rss > 200_000_000]


async def collect(engine: VllmEngine) -> list[LlmOutput]:
    return [output async for output in engine.chat(PROMPT)]


def test_an_unloaded_engine_gives_its_memory_back_and_loads_again(
    runner: asyncio.Runner, engine: VllmEngine
) -> None:
    (core,) = cores()
    held = core.memory_info().rss
    started = time.monotonic()
    runner.run(engine.unload())
    print(f"unloaded in {time.monotonic() - started:.1f} s; {held / 1e6:.0f} MB given back")
    assert not core.is_running()
    assert not engine.healthy
    runner.run(engine.unload())
    before = psutil.Process().memory_info().rss
    runner.run(engine.load())
    assert isinstance(runner.run(collect(engine))[-1], Finished)
    runner.run(engine.unload())
    assert psutil.Process().memory_info().rss < before + 50_000_000


def test_a_killed_engine_is_told_to_its_chats_and_to_the_next(
    runner: asyncio.Runner, engine: VllmEngine
) -> None:
    async def main() -> float:
        chat = engine.chat(PROMPT)
        await anext(chat)
        (core,) = cores()
        core.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        with pytest.raises(Unavailable, match="died"):
            async for _ in chat:
                pass
        return time.monotonic() - killed

    assert engine.healthy
    print(f"told after {runner.run(main()) * 1000:.0f} ms")
    assert not engine.healthy
    assert engine.running == 0
    with pytest.raises(Unavailable, match="died"):
        runner.run(collect(engine))


def test_a_load_that_is_given_up_leaves_no_process(runner: asyncio.Runner, options: VllmOptions) -> None:
    async def main() -> None:
        loading = asyncio.create_task(VllmEngine(options).load())
        async with asyncio.timeout(60):
            while not cores():
                await asyncio.sleep(0.05)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        async with asyncio.timeout(120):
            while cores():
                await asyncio.sleep(0.2)

    runner.run(main())
