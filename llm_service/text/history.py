"""Fits a conversation into a context window: the oldest turns go first.

A turn begins with the user's message and holds everything up to the next one, so that a tool's answer never
stands without the call that it answers. Instructions (system messages) and the last turn always stay.
"""

from collections.abc import Callable, Sequence

from chassis.faults import InvalidArgument
from llm_service.engine import Message

Count = Callable[[Sequence[Message]], int]
"""How many tokens the model reads for these messages, everything around them included."""


def fit(messages: Sequence[Message], limit: int, count: Count) -> tuple[Message, ...]:
    """The messages within `limit` tokens: as few of the oldest turns as possible are left out.

    Raises InvalidArgument when the instructions and the last turn alone are longer.
    Counts O(log turns) times.
    """
    if count(messages) <= limit:
        return tuple(messages)
    starts = turn_starts(messages)
    shortest = without(messages, starts[-1])
    if (length := count(shortest)) > limit:
        raise InvalidArgument(
            f"the prompt is {length} tokens long and may be {limit}: its instructions and its last turn alone"
            " do not fit; shorten them or ask for fewer max_tokens"
        )
    low, high = 1, len(starts) - 1
    while low < high:
        middle = (low + high) // 2
        if count(without(messages, starts[middle])) <= limit:
            high = middle
        else:
            low = middle + 1
    return without(messages, starts[low])


def turn_starts(messages: Sequence[Message]) -> list[int]:
    """Where each turn begins; the first turn begins at 0, whoever speaks, and there is always one."""
    return [0, *(index for index, message in enumerate(messages) if index and message.role == "user")]


def without(messages: Sequence[Message], start: int) -> tuple[Message, ...]:
    """The messages from `start` on, and the instructions that stand before it."""
    return (*(message for message in messages[:start] if message.role == "system"), *messages[start:])
