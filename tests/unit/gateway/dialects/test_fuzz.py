"""Whatever bytes a client sends give events or one fault of the client's, quickly; never anything else."""

import json
import time
from dataclasses import fields
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import ClientFault, InvalidArgument
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.dialects.dialect import (
    AudioReceived,
    Connected,
    Handshake,
    Inbound,
    Outbound,
    Pinged,
    PlaybackReported,
    SessionOptions,
)
from gateway.dialects.parley import MAX_PLAYED_MS, MAX_TEXT, RATES, ParleyDialect
from tests.unit.gateway.dialects.story import DIALECTS

MESSAGE_BYTES = 64 * 1024
TYPES = ["ping", "text", "set_level", "process_audio", "cancel", "end_conversation", "playback", "x", ""]
FIELDS = ["type", "text", "level", "turn", "played_ms", "other"]

each_dialect = pytest.mark.parametrize("name", sorted(DIALECTS))
numbers = st.one_of(st.integers(-(2**63), 2**63), st.floats())
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=50)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=20,
)
messages = st.builds(
    lambda kind, rest: json.dumps({**rest, "type": kind}),
    st.one_of(st.sampled_from(TYPES), values),
    st.dictionaries(st.sampled_from(FIELDS), values, max_size=5),
)


def hear(name: str, message: str | bytes) -> list[Inbound] | ClientFault:
    try:
        return DIALECTS[name]().decode(message, 1.0)
    except ClientFault as fault:
        return fault


def agree(query: dict[str, str]) -> SessionOptions | ClientFault:
    try:
        return ParleyDialect().open(Handshake("/v1/conversation", query))
    except ClientFault as fault:
        return fault


def check(heard: list[Inbound] | ClientFault) -> None:
    """At most one event, whose contents are bounded; or a fault in a line that can be shown."""
    if isinstance(heard, ClientFault):
        assert 0 < len(str(heard)) <= 300
        return
    assert len(heard) <= 1
    for event in heard:
        match event:
            case e.TextTyped(text=text):
                assert len(text) <= MAX_TEXT
            case e.VariantChosen(variant=level):
                assert len(level) <= 40
            case PlaybackReported(turn=turn, played_ms=played_ms):
                assert 0 <= turn <= 2**31
                assert 0 <= played_ms <= MAX_PLAYED_MS
            case AudioReceived() | Pinged() | e.UserCommitted() | e.ReplyStopRequested():
                pass
            case other:
                assert isinstance(other, e.ConversationEndRequested)


@each_dialect
@settings(deadline=None)
@given(message=st.one_of(st.text(), st.binary(), messages, values.map(json.dumps)))
def test_any_message_gives_events_or_one_fault(name: str, message: str | bytes) -> None:
    check(hear(name, message))


@each_dialect
@settings(deadline=None)
@given(message=messages, cut=st.integers(0, 200), inserted=st.text(max_size=3))
def test_any_damage_to_a_message_gives_events_or_one_fault(
    name: str, message: str, cut: int, inserted: str
) -> None:
    check(hear(name, message[:cut] + inserted + message[cut:]))
    check(hear(name, message[:cut]))


@each_dialect
@given(data=st.binary(max_size=2000))
def test_bytes_are_sound_whatever_they_hold(name: str, data: bytes) -> None:
    assert hear(name, data) == [AudioReceived(data)]


def bombs() -> dict[str, str]:
    """JSON that is small on the wire and large or deep to read."""
    return {
        "deep lists": "[" * (MESSAGE_BYTES // 2) + "]" * (MESSAGE_BYTES // 2),
        "deep objects": '{"type":' * (MESSAGE_BYTES // 8),
        "deep and under the bound": '{"type":' + "[" * 199 + "]" * 199 + "}",
        "wide": '{"type":"text","text":[' + "0," * (MESSAGE_BYTES // 2 - 40) + "0]}",
        "many keys": "{" + ",".join(f'"{number}":0' for number in range(7000)) + "}",
        "the same key": "{" + ",".join('"type":"ping"' for _ in range(4000)) + "}",
        "a number of 60,000 digits": '{"type":"playback","turn":' + "9" * 60_000 + "}",
        "a large exponent": '{"type":"playback","turn":1e999,"played_ms":1e-999}',
        "not a number": '{"type":"playback","turn":NaN,"played_ms":Infinity}',
        "a long text": json.dumps({"type": "text", "text": "x" * 60_000}),
        "a long type": json.dumps({"type": "x" * 60_000}),
        "a list for a type": json.dumps({"type": ["x" * 100] * 500}),
        "a long level": json.dumps({"type": "set_level", "level": ["y" * 100] * 500}),
        "escapes": '{"type":"text","text":"' + "\\u0041" * 10_000 + '"}',
        "NUL": '{"type":"text","text":"\\u0000"}\0',
        "nothing but quotes": '"' * MESSAGE_BYTES,
    }


@each_dialect
@pytest.mark.parametrize("bomb", bombs())
def test_a_bomb_does_not_go_off(name: str, bomb: str) -> None:
    message = bombs()[bomb]
    started = time.perf_counter()
    check(hear(name, message))
    assert time.perf_counter() - started < 0.1


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("", "Invalid JSON"),
        ("[]", "an object with a type"),
        ('{"type":"text"}', "text must be a string"),
        ('{"type":"text","text":7}', "text must be a string"),
        (json.dumps({"type": "text", "text": "x" * 4001}), "4000 characters at most; this has 4001"),
        ('{"type":"set_level"}', "level must be a string"),
        ('{"type":"playback","played_ms":1}', "turn must be a number"),
        ('{"type":"playback","turn":true,"played_ms":1}', "turn must be a number"),
        ('{"type":"playback","turn":1,"played_ms":-1}', "played_ms must be 0 to 3.6e\\+06, not -1"),
        ('{"type":"dance"}', "unknown message type 'dance'; known are ping, text"),
        ("{}", "unknown message type 'None'"),
    ],
)
def test_a_wrong_message_is_answered_in_words_that_help(message: str, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        ParleyDialect().decode(message, 0.0)


@given(
    st.dictionaries(st.sampled_from(["input_rate", "output_rate", "level", "language"]), st.text(max_size=20))
)
def test_any_handshake_is_agreed_or_refused_in_words(query: dict[str, str]) -> None:
    options = agree(query)
    if isinstance(options, ClientFault):
        assert 0 < len(str(options)) <= 300
        return
    assert options.input.rate in RATES
    assert options.output.rate in RATES
    assert len(options.language) <= 16


@pytest.mark.parametrize("rate", ["0", "-16000", "16000.0", "16 000", "١٦٠٠٠", "", "1e4", "11025", "160000"])
def test_an_odd_rate_is_refused(rate: str) -> None:
    with pytest.raises(InvalidArgument, match="input_rate must be one of 8000"):
        ParleyDialect().open(Handshake("/v1/conversation", {"input_rate": rate}))


finite = st.one_of(st.none(), st.floats(0, 1000))
outputs = st.one_of(
    *(st.from_type(kind) for kind in get_args(Outbound) if kind not in (n.LatenciesMeasured, Connected)),
    st.builds(Connected, st.text(), st.builds(SessionOptions, agents=st.just((TUTOR,)))),
    st.builds(
        n.LatenciesMeasured,
        st.integers(),
        st.integers(),
        st.builds(n.Latencies, *[finite] * len(fields(n.Latencies))),
    ),
)


@each_dialect
@settings(deadline=None, max_examples=200)
@given(outputs=st.lists(outputs, max_size=8))
def test_anything_can_be_said_or_left_unsaid(name: str, outputs: list[Outbound]) -> None:
    dialect = DIALECTS[name]()
    for output in outputs:
        for message in dialect.encode(output):
            if isinstance(message, str):
                said: dict[str, Any] = json.loads(message)
                assert isinstance(said["type"], str)


# ---------------------------------------------------------------------- what once went wrong


def test_a_number_beyond_every_float_is_the_clients_fault() -> None:
    check(hear("parley", '{"type":"playback","turn":1' + "0" * 400 + ',"played_ms":1}'))


def test_text_that_cannot_be_written_is_the_clients_fault() -> None:
    assert isinstance(hear("parley", '{"type":"text","text":"\\ud800"}'), ClientFault)


@pytest.mark.parametrize("rate", ["00160009", "0016000" + "0" * 5000])
def test_a_rate_that_begins_like_a_good_one_is_refused(rate: str) -> None:
    with pytest.raises(InvalidArgument):
        ParleyDialect().open(Handshake("/v1/conversation", {"input_rate": rate}))
