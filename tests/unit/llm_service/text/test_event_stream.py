"""Lines and events are the same however their bytes are cut, and none of them grows without bound."""

import re
import time
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import Unavailable
from llm_service.text.called_pieces import MAX_CALLS, CalledPieces
from llm_service.text.event_stream import MAX_CHARS, EventReader, LineSplitter, words_of

TEXT = st.text(alphabet=st.sampled_from("ab é🎈\u2028\u2029\u0085\x0b\x0c\r\n"), max_size=60)


def split(data: bytes, cuts: list[int]) -> list[str]:
    lines = LineSplitter()
    edges = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    pieces = [data[start:end] for start, end in pairwise(edges)]
    return [line for piece in pieces for line in lines.feed(piece)] + lines.finish()


def read(lines: Iterable[str], events: EventReader) -> None:
    for line in lines:
        events.take(line)
    events.finish()


@given(TEXT, st.lists(st.integers(0, 200)))
def test_lines_are_the_same_wherever_the_bytes_are_cut(text: str, cuts: list[int]) -> None:
    whole = re.split(r"\r\n|\n|\r", text)
    assert split(text.encode(), cuts) == (whole if whole[-1] else whole[:-1])


@given(st.binary(max_size=60), st.lists(st.integers(0, 60)))
def test_bytes_that_are_no_text_are_survived_alike(data: bytes, cuts: list[int]) -> None:
    assert split(data, cuts) == split(data, [])


@given(st.lists(st.sampled_from(["data: {", "data: }", "data:", "", "event: x", ": c", "{}", "data: null"])))
def test_no_order_of_lines_makes_the_reader_fail_otherwise_than_with_words(lines: list[str]) -> None:
    with suppress(Unavailable):
        read(lines, EventReader())


@pytest.mark.parametrize("piece", [b"x" * 4096, b"data: x\n" * 512])
def test_a_line_or_an_event_that_never_ends_is_given_up(piece: bytes) -> None:
    lines = LineSplitter()
    endless = (line for _ in range(3 * MAX_CHARS // 1024) for line in lines.feed(piece))
    with pytest.raises(Unavailable, match="characters"):
        read(endless, EventReader())


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('{"error": {"message": "no such model", "code": 7}}', "no such model"),
        ('{"error": "no such model"}', "no such model"),
        ('{"error": {"message": null, "detail": "no such model"}}', "no such model"),
        ('{"detail": [{"msg": "bad"}]}', '[{"msg": "bad"}]'),
        ("no such\n  model", "no such model"),
        ("x" * 1000, "x" * 300),
        (None, "None"),
        ('{"message": "\\ud800"}', "?"),
    ],
)
def test_a_servers_own_words_are_found_and_bounded(said: object, words: str) -> None:
    assert words_of(said) == words


def call(piece: dict[str, object], times: int) -> None:
    calls = CalledPieces()
    for number in range(times):
        calls.take({"index": number, **piece})


def test_calls_without_end_are_given_up() -> None:
    with pytest.raises(Unavailable, match="tool calls"):
        call({"function": {"name": "f", "arguments": "{}"}}, MAX_CALLS + 1)
    with pytest.raises(Unavailable, match="characters"):
        call({"index": 0, "function": {"name": "f", "arguments": "x" * 1000}}, 1000)


@pytest.mark.parametrize("name", [None, "f"])
def test_long_arguments_in_small_pieces_cost_little(name: str | None) -> None:
    calls, began = CalledPieces(), time.perf_counter()
    calls.take({"index": 0, "function": {"name": "f", "arguments": '{"text": "'}})
    for _ in range(30_000):
        calls.take({"index": 0, "function": {"name": name, "arguments": "word "}})
    assert time.perf_counter() - began < 2
    assert len(calls.finish()) == 1
