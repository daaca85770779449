"""However a turn ends, its trace says how, and every span of it has ended, once."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation.floor import Phase
from tests.support.spans import Keeper, keeping
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import SCRIPTS, Move
from tests.unit.gateway.session.traced import (
    REPLIED,
    SAID,
    Traced,
    answered,
    audible,
    check,
    conversation,
    outcome,
    spoken,
    written,
)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with keeping() as kept:
        yield kept


@pytest.mark.parametrize(
    ("cut", "by"),
    [
        (e.UserSpeechStarted(6, 2), "speech"),
        (e.TextTyped(6, "stop"), "text"),
        (e.ReplyStopRequested(6), "stop"),
    ],
)
@pytest.mark.parametrize(
    "stage", [spoken, lambda t: written(spoken(t)), lambda t: audible(written(spoken(t)))]
)
def test_an_interrupted_turn_says_by_what_and_ends_before_the_next_begins(
    keeper: Keeper, stage: Any, cut: e.Event, by: str
) -> None:
    turn = stage(conversation())
    turn.receive(cut)
    if by == "speech" and turn.phase is Phase.USER_TURN:
        assert len(keeper.named("turn")) == 1, "who goes on before anything is heard is in the same turn"
        assert all("cancelled" in keeper.one(name).values for name in ("llm", "tts"))
        turn.hang_up()
        check(keeper.spans)
        return
    if by == "speech":
        turn.receive(e.TranscriptChanged(6.1, 2, "but I"))
    first = keeper.named("turn")[0]
    assert first.values["outcome"] == "interrupted"
    assert first.events == [f"barge_in {by}"]
    assert all(span.ends == 1 for span in keeper.spans if span.trace == first.trace)
    assert any("cancelled" in span.values for span in keeper.spans if span.trace == first.trace)
    turn.hang_up()
    check(keeper.spans)
    assert len(keeper.named("turn")) == (1 if by == "stop" else 2)


def test_a_model_that_fails_is_named_and_the_apology_is_no_work_of_its(keeper: Keeper) -> None:
    turn = spoken(conversation()).tell(e.ReplyTextFailed(3, 1, "it said: my secret wish"))
    answered(audible(turn))
    check(keeper.spans)
    assert outcome(keeper) == "llm_failed"
    assert keeper.one("turn").failures == ["llm_failed"]
    assert keeper.one("llm").failures == ["llm_failed"]
    assert keeper.one("tts").failures == []


def test_a_voice_that_fails_is_named(keeper: Keeper) -> None:
    written(spoken(conversation())).tell(e.SpeechFailed(4, 1, "boom"))
    check(keeper.spans)
    assert outcome(keeper) == "tts_failed"
    assert keeper.one("tts").failures == ["tts_failed"]


def test_a_model_that_never_answers_is_named(keeper: Keeper) -> None:
    turn = spoken(conversation())
    turn.on_deadline(6)
    assert keeper.one("llm").events == ["asked_again"]
    turn.on_deadline(60)
    turn.tell(e.SpeechArrived(61, 1, 2400), e.SpeechFinished(61, 1), e.PlayedOut(62, 1))
    check(keeper.spans)
    llm = keeper.one("llm")
    assert (llm.failures, llm.ended_ago_s) == (["llm_late"], 2)
    assert llm.events == ["asked_again"], "an apology is no token"
    assert outcome(keeper) == "llm_late"


def test_a_final_that_never_comes_is_named(keeper: Keeper) -> None:
    turn = conversation().tell(e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2.6, 1, 2.0))
    turn.on_deadline(60)
    turn.hang_up()
    check(keeper.spans)
    assert keeper.one("stt_final").failures == ["stt_late"]


def test_noise_is_a_turn_in_which_nothing_was_heard(keeper: Keeper) -> None:
    conversation().tell(
        e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2.6, 1, 2.0), e.TranscriptFinished(2.8, 1, "")
    )
    check(keeper.spans)
    assert outcome(keeper) == "nothing_heard"


@pytest.mark.parametrize(
    "stage",
    [
        lambda t: t.tell(e.UserSpeechStarted(1, 1)),
        lambda t: t.tell(e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2.6, 1, 2.0)),
        spoken,
        lambda t: written(spoken(t)),
        lambda t: audible(written(spoken(t))),
    ],
)
def test_who_hangs_up_leaves_no_span_open(keeper: Keeper, stage: Any) -> None:
    turn = stage(conversation())
    turn.hang_up()
    check(keeper.spans)
    assert outcome(keeper) == "hung_up"


def test_who_types_while_the_final_is_awaited_waits_for_it_no_more(keeper: Keeper) -> None:
    turn = conversation().tell(e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2.6, 1, 2.0))
    turn.tell(e.TextTyped(2.7, SAID), e.ReplyTextArrived(4.7, 1, REPLIED))
    turn.hang_up()
    assert keeper.one("stt_final").ended_ago_s == pytest.approx(2.0)
    values = keeper.one("turn").values
    assert "stt_final_ms" not in values, "and no voice is what the reply was waited for after"
    assert values["llm_first_token_ms"] == 2000
    check(keeper.spans)


def test_a_hearing_that_is_lost_during_the_reply_does_not_spoil_what_was_heard(keeper: Keeper) -> None:
    turn = audible(written(spoken(conversation())))
    answered(turn.tell(e.HearingLost(4.1, "away")))
    assert keeper.one("stt_final").failures == []
    assert outcome(keeper) == "stt_unavailable"


def test_a_reply_at_its_limit_was_cut_short(keeper: Keeper) -> None:
    turn = spoken(conversation()).tell(e.ReplyTextArrived(3, 1, REPLIED * 1000))
    turn.hang_up()
    llm = keeper.one("llm")
    assert llm.values["cancelled"]
    assert llm.failures == []


def test_what_comes_late_of_a_dead_turn_is_no_part_of_the_next(keeper: Keeper) -> None:
    turn = spoken(conversation()).tell(e.TextTyped(3, SAID), e.ReplyTextArrived(3.1, 1, REPLIED))
    turn.tell(e.SpeechArrived(3.2, 1, 2400), e.ReplyTextFinished(3.3, 1), e.SpeechFinished(3.4, 1))
    llm, tts = keeper.named("llm")[1], keeper.named("tts")[1]
    assert (llm.ends, llm.events, tts.ends, tts.events) == (0, [], 0, [])
    turn.hang_up()


def test_an_error_that_is_not_the_turns_does_not_spoil_it(keeper: Keeper) -> None:
    answered(audible(written(spoken(conversation()).tell(e.VariantChosen(2.9, "guru")))))
    assert outcome(keeper) == "completed"
    assert keeper.one("turn").events == []


@settings(max_examples=200, deadline=None)
@given(SCRIPTS)
def test_whatever_happens_every_turn_is_one_trace_and_every_span_ends_once(script: list[Move]) -> None:
    with keeping() as keeper:
        referee = Referee(Traced)
        referee.play(script)
        traced = referee.conversation
        if traced.phase is not Phase.CLOSED:
            traced.hang_up()
        traced.trace.close()
        check(keeper.spans)
        committed = set(referee.ledger.committed)
        assert {span.values["turn"] for span in keeper.named("turn")} >= committed


def test_what_a_session_that_breaks_off_says_of_a_turn_is_not_written_on_the_one_before(
    keeper: Keeper,
) -> None:
    """The next turn began in commands that were never carried out."""
    turn = spoken(conversation())
    timing = turn.state.timing
    turn.trace.follow(do.RecordTurn(6, turn.turn + 1, 2, do.Ending.CUT_BY_TEXT, timing))
    assert keeper.one("turn").ends == 0
    turn.trace.close()
    assert outcome(keeper) == "hung_up"
    assert keeper.one("turn").events == []
