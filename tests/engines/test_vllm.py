"""The real vLLM on the CPU: streams, cancels, obeys schemas and windows, and frees what it took."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable, Iterator

import jsonschema
import prometheus_client
import pytest
from prometheus_client import generate_latest

from chassis.faults import InvalidArgument, NotReady
from chassis.metrics import REGISTRY
from llm_service.engine import Finished, LlmOutput, Message, Prompt, Sampling, Thinking, ToolCall
from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm import VllmEngine
from tests.engines.asking import ANALYSIS, collect, end, endless, said, text, tooled
from tests.support.promql import OF_VLLM

# The libraries' own warnings as they are imported.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
CHATS = 32


@pytest.fixture(scope="module")
def engine(runner: asyncio.Runner, options: LocalModel) -> Iterator[VllmEngine]:
    engine = VllmEngine(options)
    started = time.monotonic()
    runner.run(engine.load())
    print(f"loaded and warm in {time.monotonic() - started:.1f} s")
    yield engine
    runner.run(engine.unload())


async def begun(engine: VllmEngine, count: int) -> list[AsyncGenerator[LlmOutput, None]]:
    """So many endless chats, each with its first three outputs read."""
    chats = [engine.chat(endless()) for _ in range(count)]

    async def begin(chat: AsyncGenerator[LlmOutput, None]) -> None:
        for _ in range(3):
            await anext(chat)

    async with asyncio.TaskGroup() as group:
        for chat in chats:
            group.create_task(begin(chat))
    return chats


async def until(condition: Callable[[], bool], timeout_s: float = 2.0) -> float:
    """Seconds until the condition holds."""
    started = time.monotonic()
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.005)
    return time.monotonic() - started


def gauge(name: str) -> float:
    """vLLM's own figure."""
    metrics = prometheus_client.REGISTRY.collect()
    return sum(
        sample.value for metric in metrics for sample in metric.samples if sample.name == f"vllm:{name}"
    )


def test_many_chats_are_written_side_by_side(runner: asyncio.Runner, engine: VllmEngine) -> None:
    events: list[tuple[int, str]] = []

    async def follow(index: int) -> None:
        async for output in engine.chat(endless(60)):
            events.append((index, type(output).__name__))  # noqa: PERF401  # as they come

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for index in range(CHATS):
                group.create_task(follow(index))

    runner.run(main())
    first_end = next(place for place, (_, kind) in enumerate(events) if kind == "Finished")
    assert {index for index, _ in events[:first_end]} == set(range(CHATS))
    assert engine.running == 0


def test_31_of_32_chats_are_cancelled_at_once(runner: asyncio.Runner, engine: VllmEngine) -> None:
    async def close(chat: AsyncGenerator[LlmOutput, None]) -> float:
        started = time.monotonic()
        await chat.aclose()
        return time.monotonic() - started

    async def main() -> tuple[list[float], float, list[LlmOutput]]:
        survivor, *others = await begun(engine, CHATS)
        assert engine.running == CHATS
        async with asyncio.TaskGroup() as group:
            closing = [group.create_task(close(chat)) for chat in others]
        assert engine.running == 1
        freed_s = await until(lambda: gauge("num_requests_running") == 1)
        return [task.result() for task in closing], freed_s, [output async for output in survivor]

    took, freed_s, rest = runner.run(main())
    print(f"aclose at most {max(took) * 1000:.1f} ms; the engine runs one after {freed_s * 1000:.0f} ms more")
    assert max(took) < 0.2
    assert end(rest) == Finished("length", end(rest).prompt_tokens, 400)


def test_a_cancelled_task_frees_its_place_and_its_cache(runner: asyncio.Runner, engine: VllmEngine) -> None:
    async def main() -> float:
        assert engine.kv_usage == 0
        task = asyncio.create_task(collect(engine, endless()))
        await until(lambda: engine.kv_usage > 0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert engine.running == 0
        return await until(lambda: engine.kv_usage == 0)

    print(f"the cache is free after {runner.run(main()) * 1000:.0f} ms")


def test_every_reply_bound_to_a_schema_obeys_it(runner: asyncio.Runner, engine: VllmEngine) -> None:
    messages = (Message("system", "Judge the speaker."), Message("user", "Yesterday I goed to the market."))
    prompt = Prompt(1, messages, Sampling(max_tokens=300, temperature=1), json_schema=json.dumps(ANALYSIS))

    async def main() -> list[list[LlmOutput]]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(collect(engine, prompt)) for _ in range(100)]
        return [task.result() for task in tasks]

    replies = runner.run(main())
    for reply in replies:
        assert end(reply).reason == "stop"
        jsonschema.validate(json.loads(text(reply)), ANALYSIS)
    assert len({text(reply) for reply in replies}) > 90


@pytest.mark.parametrize(
    "schema",
    ['{"type": "wibble"}', '{"type": "string", "pattern": "((("}', '{"$ref": "#/nowhere"}'],
)
def test_a_schema_that_cannot_be_obeyed_is_refused(
    runner: asyncio.Runner, engine: VllmEngine, schema: str
) -> None:
    with pytest.raises(InvalidArgument):
        runner.run(collect(engine, Prompt(1, (Message("user", "Hi"),), json_schema=schema)))
    assert engine.healthy
    assert engine.running == 0


def test_a_reply_ends_at_max_tokens(runner: asyncio.Runner, engine: VllmEngine) -> None:
    outputs = runner.run(collect(engine, said(max_tokens=7, min_tokens=7)))
    assert (end(outputs).reason, end(outputs).completion_tokens) == ("length", 7)


def test_a_reply_ends_before_a_stop_text(runner: asyncio.Runner, engine: VllmEngine) -> None:
    whole = text(runner.run(collect(engine, said(max_tokens=60, min_tokens=60, seed=7))))
    stop = whole[10:13]
    outputs = runner.run(collect(engine, said(max_tokens=60, seed=7, stop=(stop,))))
    assert text(outputs) == whole[: whole.index(stop)]
    assert end(outputs).reason == "stop"


def test_a_seed_repeats_a_reply(runner: asyncio.Runner, engine: VllmEngine) -> None:
    one, same, other = (
        text(runner.run(collect(engine, said(max_tokens=30, min_tokens=30, seed=seed)))) for seed in (5, 5, 6)
    )
    assert one == same != other


def test_every_sampling_field_that_it_names_is_taken(runner: asyncio.Runner, engine: VllmEngine) -> None:
    given = Sampling(
        max_tokens=9,
        min_tokens=2,
        temperature=1.1,
        top_p=0.8,
        top_k=20,
        min_p=0.01,
        repetition_penalty=1.1,
        presence_penalty=0.5,
        frequency_penalty=0.5,
        seed=-(2**63),
        stop=("never written",),
    )
    assert given.given().keys() == engine.abilities.sampling
    assert runner.run(collect(engine, Prompt(1, (Message("user", "Hi"),), given)))


def test_what_vllm_refuses_is_the_callers_fault(runner: asyncio.Runner, engine: VllmEngine) -> None:
    with pytest.raises(InvalidArgument, match="min_tokens must be less than or equal to max_tokens"):
        runner.run(collect(engine, said(max_tokens=2, min_tokens=3)))


def test_a_long_history_is_cut_to_the_window(runner: asyncio.Runner, engine: VllmEngine) -> None:
    old = [Message("user" if i % 2 == 0 else "assistant", "I went to the market. " * 3) for i in range(200)]
    messages = (Message("system", "Be kind."), *old, Message("user", "What did I say?"))
    outputs = runner.run(collect(engine, Prompt(1, messages, Sampling(max_tokens=100, min_tokens=100))))
    assert 150 < end(outputs).prompt_tokens <= 512 - 100
    assert end(outputs).completion_tokens == 100


def test_a_last_turn_longer_than_the_window_is_refused(runner: asyncio.Runner, engine: VllmEngine) -> None:
    with pytest.raises(InvalidArgument, match=r"\d+ tokens long and may be 412"):
        runner.run(collect(engine, said("I went to the market. " * 200, max_tokens=100)))


def test_a_reply_gets_what_the_prompt_leaves_of_the_window(
    runner: asyncio.Runner, engine: VllmEngine
) -> None:
    outputs = runner.run(collect(engine, said(max_tokens=30_000, min_tokens=400)))
    assert end(outputs).prompt_tokens + end(outputs).completion_tokens <= 512


@pytest.mark.parametrize(("choice", "names"), [("weather", {"weather"}), ("required", {"weather", "clock"})])
def test_a_forced_tool_is_called_and_nothing_is_said(
    runner: asyncio.Runner, engine: VllmEngine, choice: str, names: set[str]
) -> None:
    call, finished = runner.run(collect(engine, tooled(choice)))
    assert isinstance(call, ToolCall)
    assert isinstance(finished, Finished)
    assert call.name in names
    if call.name == "weather":
        assert json.loads(call.arguments)["city"] in ("Paris", "Rome")
    assert finished.reason == "tool_calls"


def test_a_forced_tool_and_a_schema_exclude_each_other(runner: asyncio.Runner, engine: VllmEngine) -> None:
    with pytest.raises(InvalidArgument, match="exclude"):
        runner.run(collect(engine, tooled("required", json_schema=json.dumps(ANALYSIS))))


def test_reasoning_that_the_template_opens_is_not_spoken(runner: asyncio.Runner, engine: VllmEngine) -> None:
    prompt = Prompt(
        1, (Message("user", "Hi"),), Sampling(max_tokens=20, min_tokens=20, seed=1), thinking=True
    )
    outputs = runner.run(collect(engine, prompt))
    assert isinstance(outputs[0], Thinking)


def test_a_repeated_beginning_is_read_from_the_cache(runner: asyncio.Runner, engine: VllmEngine) -> None:
    prompt = said("Yesterday I went to the market and bought some apples. " * 16, max_tokens=2)
    runner.run(collect(engine, prompt))
    before = gauge("prefix_cache_hits_total")
    runner.run(collect(engine, prompt))
    assert (hits := gauge("prefix_cache_hits_total")) > before
    runner.run(engine.clear_cache())
    runner.run(collect(engine, prompt))
    assert gauge("prefix_cache_hits_total") == hits


def test_vllms_metrics_stand_beside_the_services(engine: VllmEngine) -> None:
    page = generate_latest(REGISTRY).decode()
    assert "vllm:kv_cache_usage_perc{" in page
    assert all(f"{name}{{" in page for name in OF_VLLM), "an alert asks for them"
    assert "vllm:time_to_first_token_seconds_bucket{" in page


def test_a_model_that_is_not_there_is_named(runner: asyncio.Runner, options: LocalModel) -> None:
    lost = VllmEngine(LocalModel("/nowhere/at/all"))
    with pytest.raises(NotReady, match="cannot load '/nowhere/at/all'") as refused:
        runner.run(lost.load())
    assert "\n" not in str(refused.value)
    assert not lost.healthy
    with pytest.raises(NotReady, match="not loaded"):
        runner.run(collect(lost, said()))
