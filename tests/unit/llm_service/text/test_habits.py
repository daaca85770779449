"""A conversation is put as the model's template takes it, and no otherwise than must be."""

from collections.abc import Callable, Sequence

import pytest

from llm_service.engine import Message, ToolCall
from llm_service.text.habits import Habits, learn

TALK = (
    Message("system", "Be kind."),
    Message("user", "one"),
    Message("user", "two"),
    Message("assistant", "Two."),
    Message("user", "three"),
)
Takes = Callable[[Sequence[Message]], bool]


def roles(messages: Sequence[Message]) -> list[str]:
    return [message.role for message in messages]


def alternates(messages: Sequence[Message]) -> bool:
    told = [role for role in roles(messages) if role != "system"]
    return told[::2] == ["user"] * len(told[::2]) and "user" not in told[1::2]


TEMPLATES: dict[str, tuple[Takes, Habits]] = {
    "takes all": (lambda _: True, Habits()),
    "as Mistral's": (alternates, Habits(merges=True)),
    "as Gemma's": (lambda some: alternates(some) and "system" not in roles(some), Habits(True, True)),
    "wants instructions first": (lambda some: some[0].role == "system", Habits()),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_what_a_template_refuses_is_found_out_by_asking_it(name: str) -> None:
    takes, habits = TEMPLATES[name]
    assert learn(takes) == habits


@pytest.mark.parametrize("name", ["takes all", "as Mistral's", "as Gemma's"])
def test_each_takes_a_conversation_in_which_a_reply_was_not_heard(name: str) -> None:
    takes, habits = TEMPLATES[name]
    assert takes(habits.put(TALK))
    assert "".join(message.content for message in habits.put(TALK)).count("two") == 1


def test_nothing_is_changed_for_a_template_that_takes_all() -> None:
    assert Habits().put(TALK) == TALK


def test_neighbours_become_one_and_calls_stay_apart() -> None:
    call = Message("assistant", "", (ToolCall("1", "clock", "{}"),))
    talk = (Message("user", "one"), Message("user", "two"), call, Message("assistant", "Three."))
    assert Habits(merges=True).put(talk) == (Message("user", "one\ntwo"), call, talk[-1])


def test_instructions_begin_the_users_first_words() -> None:
    assert Habits(folds=True).put(TALK)[0] == Message("user", "Be kind.\none\ntwo")
