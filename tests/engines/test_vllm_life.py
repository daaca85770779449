"""vLLM's own processes: they end with the engine, and their death is told and healed."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from chassis.faults import Unavailable
from llm_service.engine import Finished, LlmOutput, Message, Prompt, Sampling
from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm import VllmEngine

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
PROMPT = Prompt(1, (Message("user", "Hello"),), Sampling(max_tokens=400, min_tokens=400))
BIG_BYTES = 200_000_000


@pytest.fixture
def engine(runner: asyncio.Runner, options: LocalModel) -> Iterator[VllmEngine]:
    engine = VllmEngine(options)
    runner.run(engine.load())
    yield engine
    runner.run(engine.unload())


def cores() -> list[psutil.Process]:
    """vLLM's processes: the scheduler's, then the model's. Their helpers are small."""
    ours = psutil.Process().children(recursive=True)
    return [process for process in ours if resident(process) > BIG_BYTES]


def resident(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.NoSuchProcess:
        return 0


async def none_left(timeout_s: float = 20.0) -> None:
    async with asyncio.timeout(timeout_s):
        while cores():
            await asyncio.sleep(0.1)


async def collect(engine: VllmEngine) -> list[LlmOutput]:
    return [output async for output in engine.chat(PROMPT)]


def test_an_unloaded_engine_gives_its_memory_back_and_loads_again(
    runner: asyncio.Runner, engine: VllmEngine
) -> None:
    processes = cores()
    held = sum(map(resident, processes))
    started = time.monotonic()
    runner.run(engine.unload())
    print(f"unloaded in {time.monotonic() - started:.1f} s; {held / 1e6:.0f} MB given back")
    assert processes
    assert not any(process.is_running() for process in processes)
    assert not engine.healthy
    runner.run(engine.unload())
    before = psutil.Process().memory_info().rss
    runner.run(engine.load())
    assert isinstance(runner.run(collect(engine))[-1], Finished)
    runner.run(engine.unload())
    assert psutil.Process().memory_info().rss < before + 50_000_000


@pytest.mark.parametrize("victim", [0, 1], ids=["the scheduler's process", "the model's process"])
def test_a_killed_engine_is_told_to_its_chats_and_loads_again(
    runner: asyncio.Runner, engine: VllmEngine, victim: int
) -> None:
    async def main() -> float:
        chat = engine.chat(PROMPT)
        await anext(chat)
        cores()[victim].send_signal(signal.SIGKILL)
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
    runner.run(none_left())
    runner.run(engine.load())
    assert isinstance(runner.run(collect(engine))[-1], Finished)


def test_a_killed_service_takes_vllms_processes_with_it(options: LocalModel) -> None:
    """Needs this package's entry point `vllm.general_plugins`: install it anew after changing pyproject."""
    service = [sys.executable, "-m", "tests.engines.hold_engine", options.name]
    with subprocess.Popen(service, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert any(line == "loaded\n" for line in process.stdout)
        left = psutil.Process(process.pid).children(recursive=True)
        process.kill()
    killed = time.monotonic()
    _, alive = psutil.wait_procs(left, timeout=30)
    for orphan in alive:
        orphan.kill()
    assert len(left) >= 2
    assert not alive
    print(f"all gone after {time.monotonic() - killed:.1f} s")


def test_vllm_waits_without_starving_everybody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from vllm.distributed import utils
    from vllm.plugins import load_general_plugins

    def starve() -> None:
        raise AssertionError("on Linux 6.18 nobody else runs while this is called over and over")

    monkeypatch.setattr(os, "sched_yield", starve)
    load_general_plugins()
    utils.sched_yield()


def test_a_load_that_is_given_up_leaves_no_process(runner: asyncio.Runner, options: LocalModel) -> None:
    async def main() -> None:
        loading = asyncio.create_task(VllmEngine(options).load())
        async with asyncio.timeout(60):
            while not cores():
                await asyncio.sleep(0.05)
        loading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await loading
        await none_left(120)

    runner.run(main())
