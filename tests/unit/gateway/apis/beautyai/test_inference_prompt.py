"""BeautyAI's chat request: thinking, history and the language of the answer, as the model is told of them."""

from typing import Any

import pytest

from chassis.faults import Unsupported
from gateway.apis.beautyai.inference_request import LANGUAGES
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1.control_pb2 import ModelStatus
from tests.unit.gateway.apis.beautyai.inference_reading import TUTOR, read


@pytest.mark.parametrize(
    ("message", "sent", "thinks"),
    [
        ("hello", "hello", True),
        ("/no_think hello", "hello", False),
        ("\\no_think hello", "hello", False),
        ("hello /no_think", "hello", False),
        ("hello /no_think\n", "hello", False),
        ("hello\\no_think", "hello", False),
        ("hello /NO_THINK there", "hello there", False),
        ("hello /no-think /nothink", "hello", False),
        ("/think hello", "hello", True),
        ("hello \\think there", "hello there", True),
        ("/no_think\nfirst\nsecond", "first\nsecond", False),
        ("\\no_think /think hello", "hello", True),
        ("/think hello /no_think", "hello", False),
        ("see https://example.com/think", "see https://example.com/think", True),
        ("see a.com/think/again", "see a.com/think/again", True),
        ("I like /thinking", "I like /thinking", True),
        ("I think so", "I think so", True),
    ],
)
def test_a_toggle_anywhere_in_the_message_is_obeyed_and_removed(
    message: str, sent: str, thinks: bool
) -> None:
    asked = read(message=message)
    assert asked.message == asked.prompt.messages[-1].content == sent
    assert asked.thinking is asked.prompt.thinking is thinks


@pytest.mark.parametrize(
    ("fields", "thinks"),
    [
        ({"enable_thinking": False}, False),
        ({"enable_thinking": True, "message": "hi /no_think"}, True),
        ({"enable_thinking": False, "message": "hi /think"}, False),
        ({"enable_thinking": None, "message": "hi /no_think"}, False),
        ({"thinking_mode": False}, False),
        ({"thinking_mode": True, "message": "\\no_think hi"}, True),
        ({"thinking_mode": "disable"}, False),
        ({"thinking_mode": "Force", "message": "\\no_think hi"}, True),
        ({"thinking_mode": "auto", "message": "\\no_think hi"}, False),
        ({"thinking_mode": "", "message": "hi"}, True),
        ({"thinking_mode": False, "enable_thinking": True}, True),
    ],
)
def test_a_field_wins_over_a_toggle_in_the_message(fields: dict[str, Any], thinks: bool) -> None:
    asked = read(**fields)
    assert asked.prompt.HasField("thinking")
    assert asked.prompt.thinking is thinks
    assert asked.prompt.messages[-1].content in ("hi", "hello")


def roles(prompt: pb.Prompt) -> list[tuple[int, str]]:
    return [(message.role, message.content) for message in prompt.messages]


def test_the_history_comes_before_the_message() -> None:
    history = [{"role": "user", "content": "a", "at": 5}, {"role": "assistant", "content": "b"}]
    assert roles(read(chat_history=history).prompt) == [
        (pb.ROLE_USER, "a"),
        (pb.ROLE_ASSISTANT, "b"),
        (pb.ROLE_USER, "hello"),
    ]


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {"auto"}))
def test_a_language_is_asked_for_in_the_system_message_and_on_the_wire(language: str) -> None:
    asked = read(response_language=language)
    assert asked.prompt.language == language
    system, user = asked.prompt.messages
    assert system.role == pb.ROLE_SYSTEM
    assert f"Answer in {LANGUAGES[language]}" in system.content
    assert user.content == "hello"


def test_automatic_language_asks_nothing() -> None:
    asked = read(response_language="auto")
    assert asked.prompt.language == ""
    assert len(asked.prompt.messages) == 1


def test_there_is_one_system_message_at_the_head() -> None:
    history = [{"role": "system", "content": "You are Lina."}, {"role": "user", "content": "a"}]
    prompt = read(response_language="ar", chat_history=history).prompt
    assert [message.role for message in prompt.messages] == [pb.ROLE_SYSTEM, pb.ROLE_USER, pb.ROLE_USER]
    assert prompt.messages[0].content.startswith("You are Lina.\n\nAnswer in Arabic")


def test_a_language_that_the_engine_does_not_have_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="the tutor engine cannot do response_language ar; it has en"):
        read(TUTOR, response_language="ar")
    assert read(TUTOR, response_language="en").prompt.language == "en"
    assert read(ModelStatus(engine="old"), response_language="ar").prompt.language == "ar"
