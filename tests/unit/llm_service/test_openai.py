"""Our client of OpenAI-compatible servers, against one that answers by script over real HTTP."""

import asyncio
from typing import Any

import pytest

from chassis.faults import Fault, InvalidArgument, NotReady, Unavailable
from llm_service.engine import Delta, Finished, LlmOutput, Message, Prompt, Sampling, Thinking, Tool, ToolCall
from llm_service.engines.openai import OpenAiEngine
from tests.support.scripted_openai import MODEL, delta, end, scripted

HELLO = [delta(role="assistant", content=""), delta(content="Hel"), delta(content="lo."), end(), "[DONE]"]


def prompt(**fields: Any) -> Prompt:
    return Prompt(1, (Message("user", "hi"),), **fields)


async def ask(url: str, asked: Prompt, model: str = MODEL) -> list[LlmOutput]:
    engine = OpenAiEngine(url, "key", model)
    await engine.load()
    try:
        return [output async for output in engine.chat(asked)]
    finally:
        await engine.unload()


def answered(*answers: int | list[Any], asked: Prompt | None = None) -> tuple[list[LlmOutput], list[Any]]:
    """The outputs and the requests that the server saw."""

    async def run() -> tuple[list[LlmOutput], list[Any]]:
        async with scripted(*answers) as script:
            return await ask(script.url, asked or prompt()), script.requests

    return asyncio.run(run())


def test_text_comes_as_it_is_written_and_the_usage_at_the_end() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    outputs, _ = answered([*HELLO[:-1], usage, "[DONE]"])
    assert outputs == [Delta("Hel"), Delta("lo."), Finished("stop", 3, 2)]


def test_thinking_is_told_apart_in_both_of_its_shapes() -> None:
    pieces = [delta(reasoning_content="hm"), delta(content="<thi"), delta(content="nk>so</think>Yes."), end()]
    outputs, _ = answered([*pieces, "[DONE]"])
    assert outputs[:-1] == [Thinking("hm"), Thinking("so"), Delta("Yes.")]


def test_a_tool_call_in_pieces_is_told_whole() -> None:
    first = {"index": 0, "id": "c1", "function": {"name": "clock", "arguments": '{"zone"'}}
    second = {"index": 0, "function": {"arguments": ':"UTC"}'}}
    pieces = [delta(tool_calls=[first]), delta(tool_calls=[second]), end("tool_calls"), "[DONE]"]
    outputs, _ = answered(pieces)
    assert outputs == [ToolCall("c1", "clock", '{"zone":"UTC"}'), Finished("tool_calls")]


def test_everything_asked_for_reaches_the_server() -> None:
    asked = prompt(
        sampling=Sampling(max_tokens=5, temperature=0.1, stop=(".",)),
        tools=(Tool("clock", "tells the time", '{"type":"object"}'),),
        tool_choice="clock",
        json_schema='{"type":"object"}',
    )
    _, (request,) = answered(HELLO, asked=asked)
    assert (request["max_tokens"], request["temperature"], request["stop"]) == (5, 0.1, ["."])
    assert request["tools"][0]["function"]["name"] == "clock"
    assert request["tool_choice"] == {"type": "function", "function": {"name": "clock"}}
    assert request["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_a_busy_server_is_asked_again() -> None:
    outputs, requests = answered(503, 429, HELLO)
    assert outputs[:2] == [Delta("Hel"), Delta("lo.")]
    assert len(requests) == 3


@pytest.mark.parametrize(
    ("answers", "kind", "attempts"),
    [
        ((503, 503, 503, HELLO), Unavailable, 3),
        ((400, HELLO), InvalidArgument, 1),
        ((401, HELLO), NotReady, 1),
        (([delta(content="Hel"), "not json"], HELLO), Unavailable, 1),
        (([delta(content="Hel"), {"error": {"message": "boom"}}], HELLO), Unavailable, 1),
    ],
)
async def test_a_failure_is_typed_and_nothing_is_said_twice(
    answers: tuple[int | list[Any], ...], kind: type[Fault], attempts: int
) -> None:
    async with scripted(*answers) as script:
        with pytest.raises(kind):
            await ask(script.url, prompt())
        assert len(script.requests) == attempts


async def test_closing_the_generator_ends_the_request() -> None:
    async with scripted([delta(content="Hel"), "hang"]) as script:
        engine = OpenAiEngine(script.url, "", MODEL)
        await engine.load()
        reply = engine.chat(prompt())
        assert await anext(reply) == Delta("Hel")
        await reply.aclose()
        for _ in range(100):
            if not script.open_streams:
                break
            await asyncio.sleep(0.02)
        await engine.unload()
        assert script.open_streams == 0


async def test_a_server_that_is_away_or_has_another_model_is_not_ready() -> None:
    with pytest.raises(Unavailable):
        await OpenAiEngine("http://127.0.0.1:9/v1", "", MODEL).load()
    async with scripted() as script:
        with pytest.raises(NotReady, match="it has scripted"):
            await OpenAiEngine(script.url, "", "other").load()
