"""Sessions are shown while they live, a hundred at most, and added up however many they are."""

from dataclasses import replace

import pytest
from prometheus_client.metrics_core import Metric

from gateway.conversation.floor import Phase
from gateway.conversation.notices import Latencies
from gateway.session.observed import MOST_SHOWN, PHASE_NUMBERS, LiveSessions, Reading

READING = Reading(
    turn=4,
    phase=Phase.SPEAKING,
    age_s=61.5,
    interruptions=2,
    underruns=1,
    faults=0,
    buffered_s=0.2,
    events=3,
    messages=5,
    message_bytes=4_000,
    latencies=Latencies(0.6, 0.08, 0.15, 0.1, 0.93),
    first_byte_s=0.02,
)


def collected(live: LiveSessions) -> dict[str, Metric]:
    return {metric.name: metric for metric in live.collect()}


def of(live: LiveSessions, name: str) -> dict[str, float]:
    """The value by its one label's value; "" for a metric without labels."""
    samples = collected(live)[name].samples
    return {next(iter(sample.labels.values()), ""): sample.value for sample in samples}


def test_one_session_is_shown_number_by_number() -> None:
    live = LiveSessions()
    with live.showing("s1", lambda: READING):
        shown = {
            name.removeprefix("parley_session_"): metric.samples[0].value
            for name, metric in collected(live).items()
            if name.startswith("parley_session_")
        }
    assert shown == {
        "turn": 4,
        "phase": 3,
        "age_seconds": 61.5,
        "interruptions": 2,
        "underruns": 1,
        "faults": 0,
        "buffered_seconds": 0.2,
        "unsent_bytes": 4_000,
        "end_of_turn_seconds": 0.6,
        "stt_final_seconds": 0.08,
        "llm_first_token_seconds": 0.15,
        "tts_first_audio_seconds": 0.1,
        "first_byte_seconds": 0.02,
        "voice_to_voice_seconds": 0.93,
    }


def test_a_stage_that_has_not_happened_is_not_shown_as_nought() -> None:
    live = LiveSessions()
    typed = replace(READING, latencies=Latencies(None, None, 0.15, None, None), first_byte_s=None)
    with live.showing("s1", lambda: typed), live.showing("s2", lambda: replace(typed, latencies=None)):
        assert of(live, "parley_session_llm_first_token_seconds") == {"s1": 0.15}
        for stage in ("end_of_turn", "stt_final", "tts_first_audio", "first_byte", "voice_to_voice"):
            assert of(live, f"parley_session_{stage}_seconds") == {}


def test_nothing_of_a_session_is_left_when_it_has_ended() -> None:
    live = LiveSessions()
    with live.showing("s1", lambda: READING):
        assert of(live, "parley_session_turn") == {"s1": 4}
    with pytest.raises(ValueError, match="broken"), live.showing("s2", lambda: READING):
        raise ValueError("broken")
    assert not [
        sample for metric in live.collect() for sample in metric.samples if "session" in sample.labels
    ]
    assert of(live, "parley_queue_items") == {"events": 0, "messages": 0}


def test_a_hundred_are_shown_the_oldest_first_and_the_rest_is_counted() -> None:
    live = LiveSessions()
    sessions = [live.showing(f"s{number}", lambda: READING) for number in range(MOST_SHOWN + 7)]
    for session in sessions:
        session.__enter__()
    assert list(of(live, "parley_session_turn")) == [f"s{number}" for number in range(MOST_SHOWN)]
    assert of(live, "parley_sessions_not_shown") == {"": 7}
    assert of(live, "parley_queue_items") == {"events": 3 * 107, "messages": 5 * 107}
    sessions[0].__exit__(None, None, None)
    assert f"s{MOST_SHOWN}" in of(live, "parley_session_turn")
    assert of(live, "parley_sessions_not_shown") == {"": 6}


def test_the_fullest_queue_is_told_beside_the_sum() -> None:
    live = LiveSessions()
    quiet = replace(READING, events=0, messages=1, message_bytes=10, buffered_s=0.05)
    with live.showing("s1", lambda: READING), live.showing("s2", lambda: quiet):
        assert of(live, "parley_queue_items") == {"events": 3, "messages": 6}
        assert of(live, "parley_queue_items_longest") == {"events": 3, "messages": 5}
        assert of(live, "parley_unsent_bytes") == {"": 4_010}
        assert of(live, "parley_buffered_audio_seconds") == {"": pytest.approx(0.25)}
        assert of(live, "parley_buffered_audio_longest_seconds") == {"": 0.2}


def test_the_numbers_of_the_phases_are_told_where_they_are_read() -> None:
    with (live := LiveSessions()).showing("s1", lambda: READING):
        words = collected(live)["parley_session_phase"].documentation
    assert words == "What it does: 0 listening, 1 user_turn, 2 thinking, 3 speaking, 4 closed"
    assert len(set(PHASE_NUMBERS.values())) == len(Phase)
