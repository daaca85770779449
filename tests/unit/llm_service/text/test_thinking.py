"""Reasoning is told from speech wherever the stream is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_service.engine import Delta, Thinking
from llm_service.text.thinking import ThinkingSplitter


def split(pieces: list[str], inside: bool = False) -> tuple[str, str]:
    """What is spoken and what is thought."""
    splitter = ThinkingSplitter(inside)
    outputs = [output for piece in pieces for output in splitter.feed(piece)] + splitter.finish()
    spoken = "".join(output.text for output in outputs if isinstance(output, Delta))
    thought = "".join(output.text for output in outputs if isinstance(output, Thinking))
    return spoken, thought


@pytest.mark.parametrize(
    ("text", "spoken", "thought"),
    [
        ("Hello.", "Hello.", ""),
        ("<think>hm</think>\n\nHello.", "Hello.", "hm"),
        ("<THINK>hm</Think>Hello.", "Hello.", "hm"),
        ("One <think>two</think> three", "One  three", "two"),
        ("<think>never closed", "", "never closed"),
        ("a < b and <thin ice>", "a < b and <thin ice>", ""),
        ("<think></think>Hi", "Hi", ""),
        ("ends with <thi", "ends with <thi", ""),
        ("İ<think>x</think>y", "İy", "x"),
    ],
)
def test_what_stands_in_a_block_is_not_spoken(text: str, spoken: str, thought: str) -> None:
    assert split([text]) == (spoken, thought)
    assert split(list(text)) == (spoken, thought)


def test_a_block_that_the_template_opened_needs_only_its_end() -> None:
    assert split(["hm", "</th", "ink>", "Hello."], inside=True) == ("Hello.", "hm")


@given(st.lists(st.sampled_from(["<", "think", ">", "</", "a ", "B", "<think>", "</think>"]), max_size=20))
def test_the_cut_of_the_stream_makes_no_difference(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert split(pieces) == split([text]) == split(list(text))
