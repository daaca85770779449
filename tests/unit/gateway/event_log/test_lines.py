"""Whatever can happen to a conversation can be written down and read again; what cannot be read is named."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway import VERSION
from gateway.conversation.agent import TUTOR
from gateway.conversation.events import Event, SpeechArrived
from gateway.conversation.limits import Limits
from gateway.event_log.lines import (
    FORMAT,
    KINDS,
    MARK,
    BadLog,
    Deadline,
    End,
    fields_of,
    line_of,
    read_entry,
    read_head,
)
from tests.unit.gateway.event_log.logged import head

TEXT = st.text(max_size=20) | st.just("half a sign \ud83d, a line\n\x1b[2J and a quote \"'")
NUMBERS = st.floats(allow_nan=False)


def events_of(kind: type[Event]) -> st.SearchStrategy[Event]:
    drawn: dict[Any, Any] = {str: TEXT, float: NUMBERS}
    return st.builds(kind, **{name: drawn[of] for name, of in get_type_hints(kind).items() if of in drawn})


def leaves(kind: type[Event]) -> Iterator[type[Event]]:
    """A class with slots is made twice: the first, which nobody can name, is passed over."""
    below = [
        one for one in kind.__subclasses__() if getattr(sys.modules[one.__module__], one.__name__) is one
    ]
    if not below:
        yield kind
    for one in below:
        yield from leaves(one)


@pytest.mark.parametrize("name", KINDS)
def test_every_event_is_read_as_it_was_written(name: str) -> None:
    @settings(max_examples=40, deadline=None)
    @given(events_of(KINDS[name]))
    def check(event: Event) -> None:
        line = line_of(event)
        assert line.count(b"\n") == 1
        assert line.endswith(b"\n")
        assert read_entry(line) == event

    check()


def test_every_event_that_there_is_can_be_read() -> None:
    assert {kind.__name__ for kind in leaves(Event)} == set(KINDS)


@given(NUMBERS)
def test_deadlines_and_ends_are_read_as_they_were_written(at: float) -> None:
    assert read_entry(line_of(Deadline(at))) == Deadline(at)
    for end in End:
        assert read_entry(line_of(end)) is end


@given(st.lists(st.tuples(TEXT, TEXT), max_size=3), st.builds(Limits, text_first=st.booleans()))
def test_the_first_line_is_read_as_it_was_written(earlier: list[tuple[str, str]], limits: Limits) -> None:
    whole = replace(head(), limits=limits, earlier=tuple(earlier))
    assert read_head(line_of(whole)) == whole


def test_a_log_has_the_options_of_its_agents_and_no_prompt() -> None:
    line = line_of(head()).decode()
    (agent,) = read_head(line.encode()).agents
    assert (agent.name, agent.variant, set(agent.variants)) == ("tutor", "intermediate", set(TUTOR.variants))
    assert TUTOR.prompt[:20] not in line
    assert "CEFR" not in line


def test_what_a_later_parley_has_besides_is_named_with_its_version() -> None:
    event = json.dumps({"event": "HandRaised", "at": 1.0}).encode()
    with pytest.raises(
        BadLog, match=rf"this Parley \({VERSION}\) knows no event HandRaised: the log is of 9.9"
    ):
        read_entry(event, "9.9")
    fields = json.dumps({"event": "UserCommitted", "at": 1.0, "hand": "left"}).encode()
    with pytest.raises(BadLog, match=r"UserCommitted is broken, or has other fields .* the log is of 9.9"):
        read_entry(fields, "9.9")
    limits = {**fields_of(head()), "limits": {"hand_s": 1.0}, "version": "9.9"}
    with pytest.raises(BadLog, match=r"what this Parley .* does not know: it is of 9.9"):
        read_head(json.dumps(limits).encode())
    with pytest.raises(
        BadLog, match=rf"its format is 2, of Parley 9.9; this is {VERSION} and reads {FORMAT}"
    ):
        read_head(json.dumps({**limits, MARK: 2}).encode())


def test_what_an_earlier_parley_did_not_have_is_as_it_is_by_default() -> None:
    fields: dict[str, Any] = fields_of(head(limits=Limits(idle_s=12.0)))
    del fields["limits"]["patience_s"], fields["earlier"], fields["agents"][0]["needs"]
    assert read_head(json.dumps(fields).encode()).limits == Limits(idle_s=12.0)
    early = b'{"event": "SpeechArrived", "at": 1, "reply": 1, "samples": 2}'
    assert read_entry(early) == SpeechArrived(1.0, 1, 2)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"hello",
        b"[]",
        b"[" * 100_000,
        b"\xff\xfe\x00",
        b"{}",
        b'{"event": 3, "at": 1.0}',
        b'{"event": ["TextTyped"], "at": 1.0}',
        b'{"event": "Event", "at": 1.0}',
        b'{"event": "ReplyEvent", "at": 1.0, "reply": 1}',
        b'{"event": "TextTyped", "at": 1.0}',
        b'{"event": "TextTyped", "at": 1.0, "text": 3}',
        b'{"event": "UserCommitted", "at": "soon"}',
        b'{"event": "UserCommitted", "at": 1' + b"0" * 400 + b"}",
        b'{"event": "ReplyTextFailed", "at": 1, "reply": 1, "message": "", "failure": "odd"}',
        b'{"deadline": true}',
        b'{"deadline": null}',
        b'{"end": "odd"}',
        b'{"end": []}',
    ],
)
def test_a_line_that_is_none_is_refused_in_words(line: bytes) -> None:
    with pytest.raises(BadLog):
        read_entry(line)


@pytest.mark.parametrize(
    "break_it",
    [
        lambda fields: fields.pop("agents"),
        lambda fields: fields.update(agents=[]),
        lambda fields: fields.update(agents=3),
        lambda fields: fields.update(agents=["tutor"]),
        lambda fields: fields.update(limits=None),
        lambda fields: fields["limits"].update(idle_s="long"),
        lambda fields: fields.update(earlier=[["hi"]]),
        lambda fields: fields.update(session=7),
        lambda fields: fields.update(more=1),
    ],
)
def test_a_first_line_that_is_broken_is_refused_in_words(break_it: Any) -> None:
    fields = fields_of(head())
    break_it(fields)
    with pytest.raises(BadLog, match="its first line is broken"):
        read_head(json.dumps(fields).encode())


@pytest.mark.parametrize("line", [b"", b"\x7fELF", b"[]", b"{}", b'{"event": "UserCommitted", "at": 1.0}'])
def test_a_file_that_is_none_is_said_to_be_none(line: bytes) -> None:
    with pytest.raises(BadLog, match="it is no event log"):
        read_head(line)
