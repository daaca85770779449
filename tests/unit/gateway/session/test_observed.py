"""Each number moves for its own reason, once, and for no other."""

import pytest

from chassis.metrics import REGISTRY
from gateway.conversation import notices as n
from gateway.conversation.effects import USERS_CUTS, CloseReason, Ending, RecordTurn
from gateway.conversation.notices import Latencies
from gateway.conversation.timing import TurnTiming
from gateway.session import metrics
from gateway.session.observed import Observed
from tests.support.measured import moving, value

SPOKEN = Latencies(0.6, 0.08, 0.15, 0.1, 0.93)
TYPED = Latencies(None, None, 0.15, 0.1, None)


class Clock:
    def __init__(self) -> None:
        self.now = 10.0

    def __call__(self) -> float:
        return self.now


def make() -> tuple[Observed, Clock]:
    clock = Clock()
    return Observed(clock), clock


def test_the_first_byte_is_timed_from_the_first_audio_and_the_answer_from_the_users_voice() -> None:
    observed, clock = make()
    with (
        moving("parley_first_byte_seconds_sum") as first_byte,
        moving("parley_answer_seconds_sum") as answer,
        moving("parley_answer_seconds_count") as answers,
    ):
        observed.note_audio_arrived(3)
        observed.note(n.LatenciesMeasured(3, 3, SPOKEN))
        clock.now += 0.02
        observed.note_audio_sent(3)
    assert first_byte.by == pytest.approx(0.02)
    assert answer.by == pytest.approx(0.95)
    assert answers.by == 1
    assert observed.first_byte_s == pytest.approx(0.02)
    assert observed.latencies == SPOKEN


def test_a_socket_quicker_than_the_conversation_changes_nothing() -> None:
    observed, clock = make()
    with moving("parley_answer_seconds_sum") as answer, moving("parley_answer_seconds_count") as answers:
        observed.note_audio_arrived(3)
        clock.now += 0.02
        observed.note_audio_sent(3)
        assert not answers.by
        observed.note(n.LatenciesMeasured(3, 3, SPOKEN))
    assert answer.by == pytest.approx(0.95)
    assert answers.by == 1


def test_what_was_typed_has_a_first_byte_and_no_wait_after_a_voice() -> None:
    observed, _ = make()
    with (
        moving("parley_answer_seconds_count") as answers,
        moving("parley_first_byte_seconds_count") as bytes_,
    ):
        observed.note_audio_arrived(1)
        observed.note(n.LatenciesMeasured(1, 1, TYPED))
        observed.note_audio_sent(1)
    assert (answers.by, bytes_.by) == (0, 1)


def test_audio_of_another_turn_or_later_audio_is_no_first_byte() -> None:
    observed, clock = make()
    with moving("parley_first_byte_seconds_count") as bytes_:
        observed.note_audio_sent(1)
        observed.note_audio_arrived(2)
        observed.note_audio_sent(1)
        observed.note_audio_sent(2)
        clock.now += 1
        observed.note_audio_sent(2)
    assert bytes_.by == 1
    assert observed.first_byte_s == 0


def over(reply: int, ending: Ending) -> RecordTurn:
    """A turn that has just ended."""
    return RecordTurn(9.9, 3, reply, ending, TurnTiming())


@pytest.mark.parametrize("cause", metrics.CAUSES)
def test_a_barge_in_is_counted_by_how_the_user_made_it(cause: str) -> None:
    observed, _ = make()
    observed.note_audio_arrived(3)
    with (
        moving("parley_barge_ins_total", cause=cause) as barge_ins,
        moving("parley_barge_in_seconds_sum") as noticed,
        moving("parley_voice_to_silence_seconds_sum") as voiced,
    ):
        observed.note_end(over(3, Ending(cause)), voiced_at=9.75)
    assert barge_ins.by == 1
    assert observed.interruptions == 1
    spoken = cause == "speech"
    assert noticed.by == (pytest.approx(0.1) if spoken else 0)
    assert voiced.by == (pytest.approx(0.25) if spoken else 0)


@pytest.mark.parametrize("ending", [ending for ending in Ending if ending not in USERS_CUTS])
def test_a_turn_that_ended_otherwise_was_not_cut_short_by_its_user(ending: Ending) -> None:
    observed, _ = make()
    observed.note_audio_arrived(3)
    before = [value("parley_barge_ins_total", cause=cause) for cause in metrics.CAUSES]
    observed.note_end(over(3, ending), voiced_at=0)
    assert [value("parley_barge_ins_total", cause=cause) for cause in metrics.CAUSES] == before
    assert observed.interruptions == 0


@pytest.mark.parametrize("ending", USERS_CUTS)
def test_a_reply_without_any_audio_yet_cannot_be_silenced(ending: Ending) -> None:
    observed, _ = make()
    observed.note_audio_arrived(3)
    series = ["parley_barge_in_seconds_count", "parley_voice_to_silence_seconds_count"]
    before = [value(name) for name in series]
    barge_ins = [value("parley_barge_ins_total", cause=cause) for cause in metrics.CAUSES]
    observed.note_end(over(4, ending), voiced_at=9.75)
    assert [value(name) for name in series] == before
    assert [value("parley_barge_ins_total", cause=cause) for cause in metrics.CAUSES] == barge_ins
    assert observed.interruptions == 0


@pytest.mark.parametrize("code", metrics.OUR_FAULTS)
def test_a_fault_of_ours_is_counted_against_the_session(code: str) -> None:
    observed, _ = make()
    with (
        moving("parley_turn_errors_total", code=code) as errors,
        moving("parley_sessions_faulted_total") as bad,
    ):
        observed.note(n.ErrorOccurred(code, "boom"))
        metrics.note_end("parley", CloseReason.DONE, observed.faults)
    assert (errors.by, bad.by) == (1, 1)


@pytest.mark.parametrize("code", metrics.CLIENTS_FAULTS)
def test_a_clients_fault_is_not(code: str) -> None:
    observed, _ = make()
    with (
        moving("parley_turn_errors_total", code=code) as errors,
        moving("parley_sessions_faulted_total") as bad,
    ):
        observed.note(n.ErrorOccurred(code, "boom"))
        metrics.note_end("parley", CloseReason.CLIENT_FAULT, observed.faults)
    assert (errors.by, bad.by) == (1, 0)


def test_what_the_client_asked_for_in_vain_is_its_own_fault_and_a_bad_message_no_error_of_a_turn() -> None:
    assert "stt_refused" in metrics.CLIENTS_FAULTS
    assert REGISTRY.get_sample_value("parley_turn_errors_total", {"code": "stt_refused"}) is not None
    assert REGISTRY.get_sample_value("parley_turn_errors_total", {"code": "bad_message"}) is None


def test_a_session_that_broke_is_faulted_though_nothing_was_shown() -> None:
    with moving("parley_sessions_faulted_total") as bad:
        metrics.note_end("parley", CloseReason.INTERNAL, 0)
    assert bad.by == 1


def test_ends_are_counted_from_zero_so_that_the_first_one_is_seen() -> None:
    metrics.count_from_zero("never_met")
    for reason in CloseReason:
        labels = {"dialect": "never_met", "reason": reason.value}
        assert REGISTRY.get_sample_value("parley_sessions_ended_total", labels) == 0
        metrics.ENDED.remove("never_met", reason.value)
    metrics.CLIENT_FAULTS.remove("never_met")
