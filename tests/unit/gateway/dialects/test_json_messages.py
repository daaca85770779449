"""What a text message may be is its wire's own: how long, how deep."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import InvalidArgument
from gateway.dialects.dialect import WireLimits
from gateway.dialects.json_messages import is_deeper, read_object

LIMITS = WireLimits(text_chars=1000, json_depth=5)


def test_many_brackets_side_by_side_are_not_deep() -> None:
    """As the schemas of tools have them."""
    fields: dict[str, object] = {"tools": [{"is": {str(n): {}}} for n in range(40)]}
    assert read_object(json.dumps(fields), LIMITS) == fields


def test_brackets_within_strings_are_text() -> None:
    assert read_object(json.dumps({"text": '[{"\\' * 50}), LIMITS)["text"].startswith("[{")


@pytest.mark.parametrize("text", ["[" * 6, '{"a":' * 6 + "1" + "}" * 6, '{"a":[[[[[1]]]]]}'])
def test_what_is_nested_too_deeply_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidArgument, match="Invalid JSON message: it is nested more than 5 deep"):
        read_object(text, LIMITS)


def test_what_is_too_long_is_refused_before_it_is_read() -> None:
    with pytest.raises(InvalidArgument, match="1000 characters at most; this has 1001"):
        read_object("x" * 1001, LIMITS)


values = st.recursive(
    st.one_of(st.none(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
)


def depth_of(value: object) -> int:
    match value:
        case dict():
            return 1 + max(map(depth_of, value.values()), default=0)
        case list():
            return 1 + max(map(depth_of, value), default=0)
        case _:
            return 0


@given(values, st.integers(0, 6), st.booleans())
def test_the_depth_is_that_of_the_value(value: object, depth: int, ascii_only: bool) -> None:
    assert is_deeper(json.dumps(value, ensure_ascii=ascii_only), depth) == (depth_of(value) > depth)


@pytest.mark.parametrize("piece", ['"', '\\"', '"\\', "[", '["', '"[', '\\\\"'])
def test_no_text_takes_long(piece: str) -> None:
    text = piece * (64 * 1024 // len(piece))
    began = time.perf_counter()
    is_deeper(text, 1_000_000)
    is_deeper('"' + text, 20)
    assert time.perf_counter() - began < 0.1
