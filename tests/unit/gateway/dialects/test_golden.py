"""Each dialect tells the story word for word as it is written down, and hears the same as the others."""

import json
from typing import get_args

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.dialects.ai_talk import SILENCE, AiTalkDialect
from gateway.dialects.dialect import (
    CLOSE_CODES,
    AudioReceived,
    Dialect,
    Handshake,
    Inbound,
    Outbound,
    Pinged,
    PlaybackReported,
)
from gateway.dialects.parley import ParleyDialect
from tests.unit.gateway.dialects.story import DIALECTS, GOLDEN, STORY, tell

AT = 12.5
each_dialect = pytest.mark.parametrize("name", sorted(DIALECTS))


def hear(dialect: Dialect, *messages: str | bytes) -> list[Inbound]:
    return [event for message in messages for event in dialect.decode(message, AT)]


@each_dialect
def test_the_story_is_told_as_it_is_written_down(name: str) -> None:
    written = json.loads((GOLDEN / f"{name}.json").read_text())
    told = tell(DIALECTS[name]())
    assert [step for step in told if step not in written] == []
    assert told == written


def test_there_is_no_transcript_of_a_dialect_that_has_gone() -> None:
    assert {path.stem for path in GOLDEN.glob("*.json")} == set(DIALECTS)


def test_the_story_has_everything_that_a_dialect_can_be_asked_to_say() -> None:
    assert {type(step) for step in STORY} == set(get_args(Outbound))


def test_both_dialects_hear_the_same_events_in_one_story() -> None:
    story: list[str | bytes] = [
        '{"type":"ping"}',
        '{"type":"set_level","level":"beginner"}',
        bytes(640),
        bytes(640),
        '{"type":"process_audio"}',
        '{"type":"end_conversation"}',
    ]
    heard: list[Inbound] = [
        Pinged(),
        e.VariantChosen(AT, "beginner"),
        AudioReceived(bytes(640)),
        AudioReceived(bytes(640)),
        e.UserCommitted(AT),
        e.ConversationEndRequested(AT),
    ]
    for name, make in DIALECTS.items():
        assert hear(make(), *story) == heard, name


def test_our_own_wire_hears_more() -> None:
    assert hear(
        ParleyDialect(),
        '{"type":"text","text":"hi"}',
        '{"type":"cancel"}',
        '{"type":"playback","turn":3,"played_ms":1300.5}',
    ) == [e.TextTyped(AT, "hi"), e.ReplyStopRequested(AT), PlaybackReported(3, 1300.5)]


def test_the_tutors_wire_ignores_what_it_does_not_know() -> None:
    messages = ('{"type":"text","text":"hi"}', '{"type":"dance"}', "{}", '{"type":["ping"]}')
    assert hear(AiTalkDialect(), *messages) == []


@each_dialect
def test_every_way_to_end_has_a_close_code_and_short_words(name: str) -> None:
    for reason in do.CloseReason:
        code, words = DIALECTS[name]().close(reason)
        assert (code, words) == CLOSE_CODES[reason]
        assert code in (1000, 1008, 1009, 1011, 1012, 1013)
        assert 0 < len(words.encode()) <= 120


def test_the_tutor_gets_half_a_second_of_silence_where_a_reply_has_no_voice() -> None:
    messages = AiTalkDialect().encode(
        n.TurnCompleted(1, 1, interrupted=False, heard_text="x", audio_samples=0)
    )
    assert len(SILENCE) == 24_000
    assert messages[1] == SILENCE


@pytest.mark.parametrize(
    ("query", "rates"),
    [
        ({}, (16_000, 24_000)),
        ({"input_rate": "48000"}, (48_000, 24_000)),
        ({"output_rate": "8000", "input_rate": "8000"}, (8_000, 8_000)),
    ],
)
def test_rates_are_agreed_in_the_handshake(query: dict[str, str], rates: tuple[int, int]) -> None:
    options = ParleyDialect().open(Handshake("/v1/conversation", query))
    assert (options.input.rate, options.output.rate) == rates
    tutor = AiTalkDialect().open(Handshake("/ws/conversation", query))
    assert (tutor.input.rate, tutor.output.rate) == (16_000, 24_000)
