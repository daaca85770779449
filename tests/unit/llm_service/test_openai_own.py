"""What the operator sets reaches servers elsewhere, and a history that their window holds."""

import asyncio
from typing import Any

import pytest

from chassis.faults import InvalidArgument
from llm_service.__main__ import make_engine
from llm_service.engine import Message, Prompt, Sampling, Tool
from llm_service.engines.openai_request import Own, fitted
from llm_service.settings import LlmSettings
from tests.support.scripted_openai import MODEL, scripted
from tests.unit.llm_service.openai_asking import HELLO

OWN = {"llm_max_tokens": 99, "llm_temperature": 0.4, "llm_top_p": 0.8, "llm_max_model_len": 1024}
VALUE = (
    "Unsupported value: '{}' does not support 0.4 with this model. Only the default (1) value is supported."
)


def asked(prompt: Prompt, times: int = 1, **fields: Any) -> list[dict[str, Any]]:
    """The requests that the server saw."""

    async def run() -> list[dict[str, Any]]:
        async with scripted(*[HELLO] * times, **fields) as script:
            given: dict[str, Any] = {"llm_base_url": script.url, "llm_model_name": MODEL, **OWN}
            engine = make_engine(LlmSettings(llm_engine="openai", **given))
            await engine.load()
            try:
                for _ in range(times):
                    async for _output in engine.chat(prompt):
                        pass
            finally:
                await engine.unload()
            return script.requests

    return asyncio.run(run())


def said(**sampling: Any) -> Prompt:
    return Prompt(1, (Message("user", "hi"),), Sampling(**sampling))


def test_what_the_operator_sets_is_sent_where_a_prompt_says_nothing() -> None:
    (request,) = asked(said())
    assert (request["max_tokens"], request["temperature"], request["top_p"]) == (99, 0.4, 0.8)


def test_what_a_prompt_says_wins() -> None:
    (request,) = asked(said(max_completion_tokens=7, temperature=1.0))
    assert (request["max_completion_tokens"], request["temperature"], request["top_p"]) == (7, 1.0, 0.8)
    assert "max_tokens" not in request


@pytest.mark.parametrize("words", [VALUE, "Unsupported parameter: '{}'", "{} must be 1"])
@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_a_server_that_refuses_what_nobody_asked_for_is_asked_without(name: str, words: str) -> None:
    """Models that reason have one temperature."""
    requests = asked(said(), times=2, refuses=(name,), words=words)
    assert [name in request for request in requests] == [True, False, False]


def test_a_server_that_refuses_what_was_asked_for_is_not_asked_otherwise() -> None:
    with pytest.raises(InvalidArgument, match="temperature"):
        asked(said(temperature=0.4), refuses=("temperature",))


def test_the_operators_limit_is_sent_under_the_name_that_the_server_knows() -> None:
    requests = asked(said(), refuses=("max_tokens",))
    assert requests[-1]["max_completion_tokens"] == 99


def talk(turns: int, words: str = "We went to the market and bought apples. ") -> tuple[Message, ...]:
    pairs = [(Message("user", f"{i} {words}"), Message("assistant", f"{i} {words}")) for i in range(turns)]
    return (
        Message("system", "Be kind."),
        *(message for pair in pairs for message in pair),
        Message("user", "now"),
    )


@pytest.mark.parametrize(
    ("words", "least"), [("We went to the market. " * 4, 300), ("हम बाज़ार गए। " * 2, 300)]
)
def test_a_long_history_is_cut_to_the_window_in_blocks(words: str, least: int) -> None:
    beginnings = []
    for turns in range(60):
        messages = fitted(Prompt(1, talk(turns, words)), Own(99, window=1024))
        assert messages[0].role == "system"
        assert messages[1].role == "user"
        assert messages[-1].content == "now"
        assert sum(len(message.content) for message in messages) < 4 * 1024
        beginnings.append(messages[1].content)
    assert sum(len(message.content) for message in messages) > least
    assert len(set(beginnings)) < 60 / 3, "what a server has in its cache is asked again"


def test_tools_take_their_part_of_the_window() -> None:
    tool = Tool("clock", "tells the time " * 60)

    def longest(*tools: Tool) -> int:
        prompts = [Prompt(1, talk(turns), tools=tools) for turns in range(60)]
        return max(len(fitted(prompt, Own(99, window=1024))) for prompt in prompts)

    assert longest(tool) < 0.8 * longest()


def test_without_a_window_nothing_is_cut() -> None:
    assert fitted(Prompt(1, talk(500)), Own()) == talk(500)


def test_two_messages_of_the_users_in_a_row_are_sent_as_one() -> None:
    """Behind some servers is a template that refuses them."""
    messages = (Message("user", "Hello"), Message("user", "Are you there?"))
    (request,) = asked(Prompt(1, messages))
    assert request["messages"] == [{"role": "user", "content": "Hello\nAre you there?"}]
