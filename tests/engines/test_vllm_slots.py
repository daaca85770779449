"""What vLLM writes at once is what its cache holds, and live turns come before what nobody waits to hear."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from chassis.gpu_cards import GB
from engine_room.gpu_slice import Grant
from llm_service.engine import Finished, LlmOutput, Message, Prompt, Sampling
from llm_service.engines import vllm_slots
from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm import VllmEngine
from tests.engines.asking import collect, end, said
from tests.engines.tiny_model import make

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
WINDOW = 4096


@asynccontextmanager
async def loaded(model: LocalModel) -> AsyncIterator[VllmEngine]:
    engine = VllmEngine(model)
    await engine.load()
    try:
        yield engine
    finally:
        await engine.unload()


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory) -> LocalModel:
    """24 KB of cache a token, of 1 GB: some 20 conversations."""
    folder = make(tmp_path_factory.mktemp("small-qwen2"), "small")
    return LocalModel(str(folder), WINDOW, gpu_memory_utilization=0.1, slots=0, enforce_eager=True)


def test_the_slots_are_what_the_cache_holds(runner: asyncio.Runner, roomy: LocalModel) -> None:
    async def main() -> None:
        async with loaded(roomy) as engine:
            slots = engine.info.slots
            assert 10 < slots < vllm_slots.WITHOUT_A_GRANT
            tokens = vllm_slots.cache_tokens(engine._core.engine)  # type: ignore[union-attr]
            assert slots * WINDOW / 2 <= tokens < (slots + 1) * WINDOW / 2

    runner.run(main())


def test_the_operators_number_is_kept(runner: asyncio.Runner, options: LocalModel) -> None:
    async def main() -> None:
        async with loaded(replace(options, slots=3)) as engine:
            assert engine.info.slots == 3

    runner.run(main())


@pytest.mark.parametrize(
    ("tokens", "window", "slots"), [(30_000, 4096, 14), (1000, 4096, 1), (0, 4096, 1), (750_000, 4096, 366)]
)
def test_a_conversation_takes_half_a_window(tokens: int, window: int, slots: int) -> None:
    assert vllm_slots.held(tokens, window) == slots


@pytest.mark.parametrize(
    ("grant", "gpus", "places"),
    [
        (None, 1, 64),
        (Grant(int(8.4 * GB), 24 * GB), 1, 71),
        (Grant(28 * GB, 80 * GB), 1, 238),
        (Grant(49 * GB, 141 * GB), 1, 256),
        (Grant(4 * GB, 24 * GB), 2, 68),
        (Grant(GB // 10, 24 * GB), 1, 8),
    ],
)
def test_places_are_made_for_what_a_slice_could_hold(grant: Grant | None, gpus: int, places: int) -> None:
    assert vllm_slots.prepared(4096, grant, gpus) == pytest.approx(places, abs=1)


def test_a_live_turn_comes_before_those_that_nobody_waits_to_hear(
    runner: asyncio.Runner, options: LocalModel
) -> None:
    """One place in the engine, taken; then an analysis is asked for, and a turn after that."""
    ended: list[str] = []

    async def ask(engine: VllmEngine, name: str, background: bool) -> None:
        prompt = Prompt(
            1, (Message("user", name),), Sampling(max_tokens=20, min_tokens=20), background=background
        )
        assert isinstance(end(await collect(engine, prompt)), Finished)
        ended.append(name)

    async def main() -> None:
        async with loaded(replace(options, slots=1)) as engine, asyncio.TaskGroup() as group:
            first = engine.chat(said(max_tokens=60, min_tokens=60))
            await anext(first)
            for number in range(3):
                group.create_task(ask(engine, f"analysis {number}", background=True))
            await until(lambda: engine.running == 4)
            await asyncio.sleep(0.1)  # they are in the engine's queue
            group.create_task(ask(engine, "turn", background=False))
            await until(lambda: engine.running == 5)
            outputs: list[LlmOutput] = [output async for output in first]
            assert isinstance(outputs[-1], Finished)

    runner.run(main())
    assert ended[0] == "turn"


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)
