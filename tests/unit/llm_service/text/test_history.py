"""Where history is cut: between turns, to half the room, and there again until the room is full."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from llm_service.engine import Message, Role, ToolCall
from llm_service.text.history import find_cut, turn_starts, without

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


def kept(messages: Sequence[Message], room: int) -> tuple[Message, ...]:
    """Each message counts as one."""
    return without(messages, find_cut(messages, [1] * len(messages), room))


def talk(turns: int) -> list[Message]:
    """As it stands when the last of so many questions is asked."""
    pairs = [(Message("user", f"q{turn}"), Message("assistant", f"a{turn}")) for turn in range(turns)]
    return [SYSTEM, *(message for pair in pairs for message in pair)][:-1]


def test_what_fits_is_left_alone() -> None:
    assert kept((SYSTEM, *TURNS), 8) == (SYSTEM, *TURNS)


def test_a_call_goes_together_with_its_tools_answer() -> None:
    assert kept((SYSTEM, *TURNS), 7) == (SYSTEM, *TURNS[6:])
    assert kept((SYSTEM, *TURNS[:5]), 5) == (SYSTEM, TURNS[4])


def test_the_last_turn_keeps_its_tools_answers() -> None:
    messages = (Message("user", "zero"), Message("assistant", "0"), *TURNS[:3])
    assert kept(messages, 4) == TURNS[:3]


def test_the_last_turn_stays_where_it_alone_is_too_long() -> None:
    assert kept((SYSTEM, *TURNS), 1) == (SYSTEM, TURNS[-1])


def test_instructions_given_midway_stay() -> None:
    later = Message("system", "be brief")
    assert kept((SYSTEM, *TURNS[:4], later, *TURNS[4:]), 7) == (SYSTEM, later, TURNS[6])


def test_a_history_that_is_full_is_cut_to_half_and_grows_again() -> None:
    lengths = [len(kept(talk(turns), 20)) for turns in range(1, 25)]
    assert lengths[:10] == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]
    assert lengths[10:16] == [10, 12, 14, 16, 18, 20]
    assert lengths[16:] == [10, 12, 14, 16, 18, 20, 10, 12]


@given(st.lists(st.integers(1, 9), min_size=2, max_size=120), st.integers(20, 60))
def test_a_cut_is_kept_until_there_is_no_room_for_more(said: list[int], room: int) -> None:
    """Whatever a turn's length: what was read before is read again only where the room was full."""
    before = 0
    for turns in range(1, len(said) // 2 + 1):
        messages = talk(turns)
        sizes = [1, *said][: len(messages)]
        cut = find_cut(messages, sizes, room)
        if cut != before:
            assert sum(sizes[before:]) + (1 if before else 0) > room
            now = sum(sizes[cut:]) + 1
            assert now <= room // 2 or cut == turn_starts(messages)[-1]
        before = cut


@given(MESSAGES, st.integers(1, 30))
def test_what_is_kept_fits_unless_it_is_the_last_turn_alone(messages: list[Message], room: int) -> None:
    cut = find_cut(messages, [1] * len(messages), room)
    starts = turn_starts(messages)
    assert cut in starts
    assert cut == starts[-1] or len(without(messages, cut)) <= room
