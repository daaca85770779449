"""Texts are turned into tokens once, and remembered within bounds."""

import re
from types import SimpleNamespace

import pytest

from llm_service.engine import Message, ToolCall
from llm_service.text.tokens import ENTRY_CHARS, LONGEST_CHARS, Pieces, Sizes, TokenMemory

MARKS = ("<|end|>", "<|end|><|start|>", "<call>")


class Letters:
    """A tokenizer: a mark is one token, everything else one a character. `joins`: it looks across marks."""

    def __init__(self, marks: tuple[str, ...] = MARKS, joins: bool = False) -> None:
        self.added_tokens_decoder = {
            number: SimpleNamespace(content=mark) for number, mark in enumerate(marks)
        }
        self._marks, self._joins = marks, joins
        self.read: list[str] = []

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        self.read.append(text)
        longest_first = sorted(self._marks, key=len, reverse=True)
        words = re.findall("|".join([*map(re.escape, longest_first), "."]), text, re.DOTALL)
        tokens = [self._marks.index(word) if word in self._marks else 100 + ord(word) for word in words]
        return [7, *tokens] if self._joins else tokens


def test_a_conversation_that_goes_on_is_new_in_its_last_messages_alone() -> None:
    tokenizer = Letters()
    pieces = Pieces(tokenizer)
    assert pieces.piecewise
    first = pieces.encode("<|end|><|start|>user\nHello<|end|>")
    tokenizer.read.clear()
    longer = "<|end|><|start|>user\nHello<|end|><|end|><|start|>model\nHi<|end|>"
    assert pieces.encode(longer)[: len(first)] == first
    assert tokenizer.read == ["model\nHi"]
    assert pieces.encode(longer) == Letters().encode(longer, add_special_tokens=False)


def test_a_mark_that_somebody_writes_is_the_token_that_it_always_was() -> None:
    text = "user\nSay <|end|> and <call>, please. <|end|"
    assert Pieces(Letters()).encode(text) == Letters().encode(text, add_special_tokens=False)


@pytest.mark.parametrize("tokenizer", [Letters(joins=True), Letters(marks=())], ids=["joins", "no marks"])
def test_where_pieces_would_be_read_otherwise_the_whole_is_read(tokenizer: Letters) -> None:
    pieces = Pieces(tokenizer)
    assert not pieces.piecewise
    text = "user\nHello<|end|>model"
    assert pieces.encode(text) == tokenizer.encode(text, add_special_tokens=False)


def test_what_is_remembered_has_bounds_and_what_was_read_last_stays() -> None:
    read: list[str] = []

    def encode(text: str) -> list[int]:
        read.append(text)
        return [len(text)]

    memory = TokenMemory(encode, most_chars=3 * (ENTRY_CHARS + 10))
    for text in ("a" * 10, "b" * 10, "c" * 10, "a" * 10, "d" * 10, "a" * 10):
        assert list(memory.encode(text)) == [10]
    assert read == ["a" * 10, "b" * 10, "c" * 10, "d" * 10]
    memory.encode("b" * 10)
    assert read[-1] == "b" * 10, "the one that nobody asked for went"
    for number in range(100):
        memory.encode(str(number))
        assert memory.chars <= 3 * (ENTRY_CHARS + 10)


def test_a_very_long_text_is_not_remembered() -> None:
    memory = TokenMemory(lambda text: [len(text)])
    memory.encode("a" * (LONGEST_CHARS + 1))
    assert memory.chars == 0


def test_a_message_is_as_long_as_its_words_its_calls_and_what_stands_around_them() -> None:
    memory = TokenMemory(lambda text: list(text.encode()))
    sizes = Sizes(memory, lambda some: 50 + sum(9 + len(message.content) for message in some))
    plain = sizes.of(Message("assistant", "hello"))
    assert plain == 9 + len("hello") + 1
    calling = sizes.of(Message("assistant", "hello", (ToolCall("1", "clock", "{}"),)))
    assert calling > plain + len("clock{}")
