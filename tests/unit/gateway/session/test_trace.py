"""A turn is one trace: its stages, when they were and what they caused, and no word of anybody's."""

from collections.abc import Iterator

import pytest
import structlog

from gateway.conversation import events as e
from tests.support.spans import Keeper, keeping
from tests.unit.gateway.session.traced import (
    REPLIED,
    SAID,
    answered,
    audible,
    check,
    conversation,
    spoken,
    written,
)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with keeping() as kept:
        yield kept


def test_a_turn_is_one_trace_of_its_stages(keeper: Keeper) -> None:
    answered(audible(written(spoken(conversation()))))
    check(keeper.spans)
    names = {"turn", "end_of_turn", "stt_final", "llm", "tts", "playout"}
    assert {span.name for span in keeper.spans} == names
    assert len(keeper.spans) == len(names)
    root = keeper.one("turn")
    assert root.values["outcome"] == "completed"
    assert (root.values["session"], root.values["turn"]) == ("s1", 1)
    assert (root.values["dialect"], root.values["agent"]) == ("parley", "tutor")
    assert root.failures == []
    assert not any("cancelled" in span.values for span in keeper.spans)


def test_the_latencies_are_numbers_of_the_turn(keeper: Keeper) -> None:
    answered(audible(written(spoken(conversation()))))
    values = keeper.one("turn").values
    stages = (
        "end_of_turn_ms",
        "stt_final_ms",
        "llm_first_token_ms",
        "tts_first_audio_ms",
        "voice_to_voice_ms",
    )
    assert [values[stage] for stage in stages] == [600.0, 200.0, 200.0, 1000.0, 2000.0]


def test_each_stage_is_where_it_was_though_it_is_written_at_the_end(keeper: Keeper) -> None:
    answered(audible(written(spoken(conversation()))))
    over, begun_late = 5, {"llm", "tts"}
    for stage, (began, ended) in {
        "end_of_turn": (2.0, 2.6),
        "stt_final": (2.6, 2.8),
        "llm": (2.8, 3.5),
        "tts": (2.8, 4.5),
        "playout": (4, over),
    }.items():
        span = keeper.one(stage)
        assert over - span.ended_ago_s == pytest.approx(ended), stage
        if stage not in begun_late:
            assert over - span.began_ago_s == pytest.approx(began), stage
    assert all(keeper.one(stage).began_ago_s == 0 for stage in begun_late), "they begin as they are asked for"


def test_the_first_of_everything_is_an_event_once(keeper: Keeper) -> None:
    turn = spoken(conversation())
    turn.tell(e.ReplyTextArrived(3, 1, "a "), e.ReplyTextArrived(3.1, 1, "b."))
    audible(audible(written(turn)))
    turn.hang_up()
    llm, tts = keeper.one("llm"), keeper.one("tts")
    assert llm.events == ["first_token"]
    assert llm.event_ago_s == [pytest.approx(4 - 3)]
    assert tts.events == ["first_text", "first_audio"]
    assert tts.event_ago_s == [pytest.approx(4 - 3), 0]


def test_words_over_a_reply_are_told_the_turn_that_they_began(keeper: Keeper) -> None:
    turn = audible(written(spoken(conversation())))
    turn.tell(e.UserSpeechStarted(6, 2), e.TranscriptChanged(6.5, 2, "but I"))
    cause = keeper.named("turn")[1].traceparent
    assert turn.told[1:] == [(2, cause)]
    turn.tell(e.TranscriptChanged(7, 2, "but I like"), e.UserSpeechStarted(7.5, 3))
    assert turn.told[1:] == [(2, cause), (3, cause)]
    turn.hang_up()
    check(keeper.spans)


def test_an_utterance_is_told_the_turn_that_it_is_part_of(keeper: Keeper) -> None:
    turn = conversation().tell(
        e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2, 1, 1.5), e.UserSpeechStarted(2.1, 2)
    )
    root = keeper.one("turn").traceparent
    assert turn.told == [(1, root), (2, root)], "a turn may be said in several breaths"
    turn.tell(
        e.TranscriptFinished(3, 1, "I like"),
        e.UserSpeechStopped(3, 2, 2.5),
        e.TranscriptFinished(3.2, 2, "tea"),
        e.UserSpeechStarted(3.3, 3),
    )
    assert turn.told[2:] == [(3, root)], "who goes on before they are answered is in the same turn"
    turn.tell(e.TextTyped(3.5, "green"), e.ReplyStopRequested(4), e.UserSpeechStarted(5, 4))
    assert turn.told[3:] == [(4, keeper.named("turn")[1].traceparent)]
    turn.hang_up()
    check(keeper.spans)


def test_what_a_stage_causes_elsewhere_is_its_child(keeper: Keeper) -> None:
    turn = spoken(conversation())
    assert turn.trace.causes() == (keeper.one("llm").traceparent, keeper.one("tts").traceparent)
    answered(audible(written(turn)))
    assert turn.trace.causes() == ("", "")


def test_log_lines_carry_the_trace_of_their_turn(keeper: Keeper) -> None:
    def bound() -> object:
        return structlog.contextvars.get_contextvars().get("trace_id")

    turn = spoken(conversation())
    first = keeper.one("turn").log_fields["trace_id"]
    assert bound() == first
    answered(audible(written(turn)))
    assert turn.committed == {1: first}
    assert bound() is None
    turn.tell(e.TextTyped(10, "more"))
    second = keeper.named("turn")[1].log_fields["trace_id"]
    assert bound() == second != first
    turn.tell(e.ReplyTextArrived(11, 2, REPLIED), e.SpeechArrived(12, 2, 24_000), e.UserSpeechStarted(13, 2))
    turn.tell(e.TranscriptChanged(13.5, 2, "but I"))
    assert bound() == keeper.named("turn")[2].log_fields["trace_id"]
    assert 2 not in turn.committed, "the client may still say how much of it was heard"
    turn.on_deadline(14)
    assert turn.committed[2] == second
    turn.hang_up()
    assert bound() is None


def test_no_word_of_anybodys_is_recorded(keeper: Keeper) -> None:
    turn = answered(audible(written(spoken(conversation()))))
    turn.tell(e.TextTyped(9, SAID), e.ReplyTextFailed(9.1, 2, REPLIED))
    turn.hang_up()
    for span in keeper.spans:
        assert "secret" not in f"{span.name} {span.values} {span.events} {span.failures}"


def test_a_turn_that_is_not_chosen_costs_its_services_nothing(keeper: Keeper) -> None:
    keeper.records = False
    turn = spoken(conversation())
    assert turn.told == []
    assert turn.trace.causes() == ("", "")
    answered(audible(written(turn)))
    assert keeper.spans == []


def test_nothing_is_watched_while_tracing_is_off() -> None:
    turn = spoken(conversation())
    assert turn.told == []
    assert turn.trace.causes() == ("", "")
    assert vars(turn.trace)["_turn"] is None
