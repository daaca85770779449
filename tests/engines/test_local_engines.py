"""What every engine with a model of its own keeps to: transformers and llama.cpp on random weights."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from chassis.faults import InvalidArgument, NotReady
from engine_room.held_memory import held_bytes
from llm_service.engine import Finished, LlmEngine, LlmOutput, Message, Prompt, Sampling, Thinking, ToolCall
from llm_service.engines.llama_cpp import LlamaCppEngine
from llm_service.engines.local_model import LocalModel
from llm_service.engines.transformers import TransformersEngine
from tests.engines.asking import ANALYSIS, collect, end, said, text, tooled

# The libraries' own warnings as they are imported.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
WINDOW = 1024
SLOTS = 4


def make(name: str, model: Path) -> LlmEngine:
    options = LocalModel(str(model), max_model_len=WINDOW, slots=SLOTS)
    return LlamaCppEngine(options) if name == "llama_cpp" else TransformersEngine(options)


@pytest.fixture(scope="module", params=["transformers", "llama_cpp"])
def engine(
    request: pytest.FixtureRequest, runner: asyncio.Runner, tiny_model: Path, tiny_gguf: Path
) -> Iterator[LlmEngine]:
    engine = make(request.param, tiny_gguf if request.param == "llama_cpp" else tiny_model)
    started = time.monotonic()
    runner.run(engine.load())
    print(f"{request.param}: loaded and warm in {time.monotonic() - started:.1f} s")
    yield engine
    runner.run(engine.unload())


def test_chats_are_written_side_by_side(runner: asyncio.Runner, engine: LlmEngine) -> None:
    events: list[tuple[int, str]] = []

    async def follow(index: int) -> None:
        async for output in engine.chat(said(max_tokens=200, temperature=1.0)):
            events.append((index, type(output).__name__))  # noqa: PERF401  # as they come

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            for index in range(SLOTS):
                group.create_task(follow(index))

    runner.run(main())
    assert {index for index, kind in events if kind == "Finished"} == set(range(SLOTS))
    halfway = [index for index, _ in events[: len(events) // 2]]
    assert len(set(halfway)) > 1


def test_a_closed_reply_frees_its_place(runner: asyncio.Runner, engine: LlmEngine) -> None:
    async def main() -> float:
        worst = 0.0
        for _ in range(3):
            chats = [engine.chat(said(max_tokens=400)) for _ in range(SLOTS)]
            for chat in chats:
                await anext(chat)
            started = time.monotonic()
            for chat in chats:
                await chat.aclose()
            worst = max(worst, time.monotonic() - started)
        return worst

    print(f"{SLOTS} closed in {runner.run(main()) * 1000:.1f} ms")
    assert end(runner.run(collect(engine, said(max_tokens=5)))).completion_tokens <= 5


def test_a_cancelled_task_ends_its_reply(runner: asyncio.Runner, engine: LlmEngine) -> None:
    async def main() -> None:
        task = asyncio.create_task(collect(engine, said(max_tokens=400)))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.wait([task])
        assert task.done()

    runner.run(main())
    assert isinstance(runner.run(collect(engine, said(max_tokens=5)))[-1], Finished)


def test_every_reply_bound_to_a_schema_obeys_it(runner: asyncio.Runner, engine: LlmEngine) -> None:
    messages = (Message("user", "Yesterday I goed to the market."),)
    prompt = Prompt(1, messages, Sampling(max_tokens=400, temperature=1), json_schema=json.dumps(ANALYSIS))

    async def main() -> list[list[LlmOutput]]:
        return [await collect(engine, prompt) for _ in range(10)]

    replies = runner.run(main())
    whole = [text(reply) for reply in replies if end(reply).reason == "stop"]
    assert len(whole) >= 8  # the rest met the limit before the last bracket
    for reply in whole:
        jsonschema.validate(json.loads(reply), ANALYSIS)
    assert len(set(whole)) > 5


def test_a_schema_that_cannot_be_obeyed_is_refused(runner: asyncio.Runner, engine: LlmEngine) -> None:
    schema = '{"type": "string", "pattern": "((("}'
    with pytest.raises(InvalidArgument):
        runner.run(collect(engine, Prompt(1, (Message("user", "Hi"),), json_schema=schema)))
    assert isinstance(runner.run(collect(engine, said(max_tokens=5)))[-1], Finished)


def test_a_reply_ends_at_max_tokens(runner: asyncio.Runner, engine: LlmEngine) -> None:
    ends = [end(runner.run(collect(engine, said(max_tokens=3, temperature=1.0)))) for _ in range(5)]
    assert ("length", 3) in [(end.reason, end.completion_tokens) for end in ends]
    assert all(end.completion_tokens <= 3 for end in ends)


def test_a_reply_ends_before_a_stop_text(runner: asyncio.Runner, engine: LlmEngine) -> None:
    whole = text(runner.run(collect(engine, said(max_tokens=60, temperature=0.0))))
    found = re.search(r"[^\ufffd]", whole[4:])  # random bytes are seldom whole characters
    assert found
    stop = found[0]
    outputs = runner.run(collect(engine, said(max_tokens=60, temperature=0.0, stop=(stop,))))
    assert text(outputs) == whole[: whole.index(stop)]
    assert end(outputs).reason == "stop"


def test_every_sampling_field_that_it_names_is_taken(runner: asyncio.Runner, engine: LlmEngine) -> None:
    values: dict[str, Any] = {
        "max_tokens": 9,
        "min_tokens": 2,
        "temperature": 1.1,
        "top_p": 0.8,
        "top_k": 20,
        "min_p": 0.01,
        "repetition_penalty": 1.1,
        "presence_penalty": 0.5,
        "frequency_penalty": 0.5,
        "seed": 7,
        "stop": ("never written",),
        "do_sample": True,
        "typical_p": 0.9,
        "epsilon_cutoff": 0.0001,
        "eta_cutoff": 0.0001,
        "encoder_repetition_penalty": 1.1,
        "no_repeat_ngram_size": 3,
    }
    beams: dict[str, Any] = {"num_beams": 2, "length_penalty": 1.1, "early_stopping": True, "max_tokens": 9}
    for given in (values, beams):
        known = {name: value for name, value in given.items() if name in engine.abilities.sampling}
        assert isinstance(runner.run(collect(engine, said(**known)))[-1], Finished)
    assert engine.abilities.sampling <= values.keys() | beams.keys()


def test_a_long_history_is_cut_to_the_window(runner: asyncio.Runner, engine: LlmEngine) -> None:
    old = [Message("user" if i % 2 == 0 else "assistant", "I went to the market. ") for i in range(200)]
    messages = (Message("system", "Be kind."), *old, Message("user", "What?"))
    outputs = runner.run(collect(engine, Prompt(1, messages, Sampling(max_tokens=100))))
    assert 200 < end(outputs).prompt_tokens <= WINDOW - 100


def test_a_last_turn_longer_than_the_window_is_refused(runner: asyncio.Runner, engine: LlmEngine) -> None:
    with pytest.raises(InvalidArgument, match=r"\d+ tokens long and may be 924"):
        runner.run(collect(engine, said("I went to the market. " * 300, max_tokens=100)))


def test_a_forced_tool_is_called_and_nothing_is_said(runner: asyncio.Runner, engine: LlmEngine) -> None:
    call, finished = runner.run(collect(engine, tooled("weather")))
    assert isinstance(call, ToolCall)
    assert isinstance(finished, Finished)
    assert (call.name, finished.reason) == ("weather", "tool_calls")
    assert json.loads(call.arguments)["city"] in ("Paris", "Rome")


def test_reasoning_that_the_template_opens_is_not_spoken(runner: asyncio.Runner, engine: LlmEngine) -> None:
    outputs = runner.run(
        collect(
            engine,
            Prompt(1, (Message("user", "Hi"),), Sampling(max_tokens=20, temperature=1), thinking=True),
        )
    )
    assert isinstance(outputs[0], Thinking)


def test_an_unloaded_engine_gives_its_memory_back_and_loads_again(
    runner: asyncio.Runner, engine: LlmEngine
) -> None:
    for _ in range(3):  # what the library keeps for good, it keeps after the first time
        runner.run(engine.unload())
        runner.run(engine.unload())
        with pytest.raises(NotReady):
            runner.run(collect(engine, said()))
        empty = held_bytes()
        runner.run(engine.load())
        assert isinstance(runner.run(collect(engine, said(max_tokens=5)))[-1], Finished)
    runner.run(engine.unload())
    assert held_bytes() < empty + 50_000_000
    runner.run(engine.load())


@pytest.mark.parametrize("name", ["transformers", "llama_cpp"])
def test_a_model_that_is_not_there_is_named(runner: asyncio.Runner, name: str) -> None:
    with pytest.raises(NotReady, match="/nowhere/at/all") as refused:
        runner.run(make(name, Path("/nowhere/at/all")).load())
    assert "\n" not in str(refused.value)
