"""History is cut by whole turns, oldest first; instructions and the last turn always stay."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Role, ToolCall
from llm_service.text.history import fit, turn_starts, without

SYSTEM = Message("system", "be kind")
CALL = ToolCall("1", "weather", "{}")
TURNS = (
    Message("user", "one"),
    Message("assistant", "", (CALL,)),
    Message("tool", "rain", tool_call_id="1"),
    Message("assistant", "It rains."),
    Message("user", "two"),
    Message("assistant", "Two."),
    Message("user", "three"),
)
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")
MESSAGES = st.lists(
    st.builds(Message, st.sampled_from(ROLES), st.text("ab", max_size=5)), min_size=1, max_size=30
)


def words(messages: object) -> int:
    assert isinstance(messages, list | tuple)
    return len(messages)


def test_what_fits_is_left_alone() -> None:
    assert fit((SYSTEM, *TURNS), 8, words) == (SYSTEM, *TURNS)


def test_a_call_goes_together_with_its_tools_answer() -> None:
    assert fit((SYSTEM, *TURNS), 7, words) == (SYSTEM, *TURNS[4:])


def test_only_as_many_turns_go_as_must() -> None:
    assert fit((SYSTEM, *TURNS), 4, words) == (SYSTEM, *TURNS[4:])
    assert fit((SYSTEM, *TURNS), 3, words) == (SYSTEM, *TURNS[6:])


def test_the_last_turn_keeps_its_tools_answers() -> None:
    messages = (Message("user", "zero"), Message("assistant", "0"), *TURNS[:3])
    assert fit(messages, 4, words) == TURNS[:3]


def test_instructions_given_midway_stay() -> None:
    later = Message("system", "be brief")
    assert fit((SYSTEM, *TURNS[:4], later, *TURNS[4:]), 5, words) == (SYSTEM, later, *TURNS[4:])


def test_what_cannot_fit_is_told_with_both_lengths() -> None:
    with pytest.raises(InvalidArgument, match="2 tokens long and may be 1"):
        fit((SYSTEM, *TURNS), 1, words)


def test_a_thousand_turns_are_counted_a_dozen_times() -> None:
    counted = 0

    def count(messages: object) -> int:
        nonlocal counted
        counted += 1
        return words(messages)

    messages = [Message("user", str(index)) for index in range(1000)]
    assert fit(messages, 300, count) == tuple(messages[-300:])
    assert counted <= 13


@given(MESSAGES, st.integers(1, 30))
def test_it_keeps_the_most_turns_that_fit(messages: list[Message], limit: int) -> None:
    choices = [without(messages, start) for start in turn_starts(messages)]
    fitting = [choice for choice in choices if len(choice) <= limit]
    if fitting:
        assert fit(messages, limit, words) == fitting[0]
    else:
        with pytest.raises(InvalidArgument):
            fit(messages, limit, words)
