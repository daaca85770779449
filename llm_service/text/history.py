"""Where a conversation is cut that its window cannot hold: whole turns go, the oldest first.

A turn begins with the user's message and holds everything up to the next one, so that a tool's answer never
stands without the call that it answers. Instructions (system messages) and the last turn always stay.

What the model has read is in its cache as long as the beginning stays the same, and reading all of it again
takes tenths of a second. So a conversation that outgrows its window is cut to half of it, and that cut is
kept until the window is full again. Nothing is remembered for that: the cut is worked out from the messages,
as if each turn were asked once more, so that every replica of the service finds the same.
"""

from collections.abc import Sequence
from itertools import accumulate

from llm_service.engine import Message


def find_cut(messages: Sequence[Message], sizes: Sequence[int], room: int) -> int:
    """Where the messages begin that are kept; 0: all of them are. `sizes`, in tokens, need not be exact.

    The last turn is kept even where it is greater than `room`.
    """
    starts = turn_starts(messages)
    all_until = [0, *accumulate(sizes)]
    told = (size if message.role == "system" else 0 for message, size in zip(messages, sizes, strict=True))
    told_until = [0, *accumulate(told)]

    def size(turn: int, end: int) -> int:
        """Of the messages from a turn on, and of the instructions before it."""
        return told_until[starts[turn]] + all_until[end] - all_until[starts[turn]]

    first, last = 0, len(starts) - 1
    for turn, start in enumerate(starts):
        end = len(messages) if turn == last else start + 1  # as it was asked: with the user's message last
        if size(first, end) > room:
            first = next((later for later in range(first + 1, turn) if size(later, end) <= room // 2), turn)
    return starts[first]


def turn_starts(messages: Sequence[Message]) -> list[int]:
    """Where each turn begins; the first turn begins at 0, whoever speaks, and there is always one."""
    return [0, *(index for index, message in enumerate(messages) if index and message.role == "user")]


def without(messages: Sequence[Message], start: int) -> tuple[Message, ...]:
    """The messages from `start` on, and the instructions that stand before it."""
    return (*(message for message in messages[:start] if message.role == "system"), *messages[start:])
