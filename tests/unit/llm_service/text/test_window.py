"""A long conversation in its window: what the model has read stays at the beginning and is not read twice."""

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from chassis.faults import InvalidArgument
from gateway.conversation.items import Items
from gateway.conversation.limits import Limits
from llm_service.engine import Message, Prompt, Sampling, Tool
from llm_service.text.window import Rendered, make_task

WINDOW, REPLY = 4096, 256
TURNS = 200
BEGINNING = 200
"""Tokens: the instructions and some of what follows."""
SAID = "Yesterday I went to the market with my sister and we bought some apples and a big fish. "


@dataclass
class Words:
    """A template that reads words: each has a number of its own. `heavier`: than it says."""

    heavier: int = 1
    rendered: int = 0
    read: int = 0

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        self.rendered += 1
        tokens = [hash(tool.name) for tool in prompt.tools]
        for message in messages:
            tokens += [hash(message.role), *map(hash, message.content.split())] * self.heavier
        self.read += len(tokens)
        return Rendered(tokens, thinking=False)

    def size(self, message: Message) -> int:
        return 1 + len(message.content.split())


def ask(template: Words, messages: Sequence[Message], **more: object) -> list[int]:
    prompt = Prompt(1, tuple(messages), Sampling(max_tokens=REPLY), **more)  # type: ignore[arg-type]
    return make_task(template, prompt, WINDOW, REPLY).tokens


def shared(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens the two begin with alike."""
    return next(
        (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


def new_tokens(template: Words, repeats: int) -> list[int]:
    """What is not in the cache, turn by turn, from the first one on at which the window was full."""
    limits = Limits()
    items = Items(limits.prompt_turns * 2, limits.prompt_bytes)
    found: list[int] = []
    before: list[int] = []
    full = False
    for turn in range(TURNS):
        items.add_said(f"turn {turn} {SAID * repeats}")
        prompt = items.prompt_for("tutor", "Be kind. " * 30)
        tokens = ask(template, [Message(message.role, message.content) for message in prompt])
        assert len(tokens) <= WINDOW - REPLY
        full = full or (bool(before) and tokens[:BEGINNING] != before[:BEGINNING])
        if full:
            found.append(len(tokens) - shared(tokens, before))
        before = tokens
        items.add("tutor", f"answer {turn} {SAID * repeats}")
    return found


@pytest.mark.parametrize("repeats", [1, 2, 3])
def test_of_ten_turns_of_a_long_conversation_nine_read_a_tenth_of_the_window(repeats: int) -> None:
    new = new_tokens(Words(), repeats)
    assert len(new) > 50
    little = sum(count <= WINDOW / 10 for count in new)
    assert little >= 0.9 * len(new), sorted(new)[-20:]


def test_a_long_conversation_is_written_down_at_most_three_times_a_turn() -> None:
    template = Words()
    new_tokens(template, 3)
    assert template.rendered <= 3 * TURNS


def test_what_stands_around_the_messages_counts() -> None:
    tools = tuple(Tool(f"tool{number}") for number in range(1000))
    old = [Message("user" if turn % 2 == 0 else "assistant", "one two three " * 5) for turn in range(400)]
    tokens = ask(Words(), [*old, Message("user", "now")], tools=tools)
    assert (WINDOW - REPLY) // 2 < len(tokens) <= WINDOW - REPLY


def test_what_cannot_fit_is_told_with_both_lengths() -> None:
    words = "word " * 4000
    with pytest.raises(InvalidArgument, match=f"4001 tokens long and may be {WINDOW - REPLY}"):
        ask(Words(), [Message("user", "old"), Message("assistant", "older"), Message("user", words)])


@pytest.mark.parametrize("heavier", [2, 3])
def test_texts_with_more_tokens_than_were_expected_are_fitted_too(heavier: int) -> None:
    old = [Message("user" if turn % 2 == 0 else "assistant", "é " * 20) for turn in range(60)]
    tokens = ask(Words(heavier), [*old, Message("user", "now")])
    assert 500 < len(tokens) <= WINDOW - REPLY
