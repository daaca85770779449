"""Each thing that a caller would complain of is found in the sound of a call, and nothing else is."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from cli.rehearsal.judge import KINDS, Call, Samples, judge
from cli.rehearsal.line import FRAME, Mark
from cli.rehearsal.player import Reply
from cli.rehearsal.scenario import Expected
from cli.rehearsal.script import Cue
from protos.sound import HEARD_RATE

LASTS_S = 12.0
Spans = Sequence[tuple[int, float, float]]
"""Replies, each from when to when it sounded; one that was held sounds several times."""
ONE = Expected(answers=1)
TWO = Expected(answers=2)


def mark(begin_s: float, end_s: float, over: int = 0, meant: bool = True, kind: str = "say") -> Mark:
    begin, end = round(begin_s * HEARD_RATE), round(end_s * HEARD_RATE)
    cue = Cue("hold on", kind, "at", begin_s, meant, np.zeros(end - begin, np.int16), (0, end - begin))
    return Mark(cue, begin, end, over)


def voice(frames: int, seed: int) -> Samples:
    return np.random.default_rng(seed).integers(-5000, 5000, frames * FRAME).astype(np.int16)


def call(
    sounded: Spans,
    marks: Sequence[Mark] = (),
    finished: Sequence[int] = (),
    durations_ms: Mapping[int, float] | None = None,
    broken: str = "",
) -> Call:
    """Replies sound like noise, no piece like another."""
    count = round(LASTS_S * HEARD_RATE / FRAME)
    heard, said = np.zeros(count * FRAME, np.int16), np.zeros(count * FRAME, np.int16)
    replies, played = np.zeros(count, np.int64), dict.fromkeys(finished, 0)
    for place, (number, begin_s, end_s) in enumerate(sounded):
        begin, end = round(begin_s * HEARD_RATE / FRAME), round(end_s * HEARD_RATE / FRAME)
        heard[begin * FRAME : end * FRAME] = voice(end - begin, place)
        replies[begin:end] = number
        played[number] = played.get(number, 0) + (end - begin) * FRAME * 2
    for one in marks:
        said[one.begin : one.end] = 3000
    whole = {
        number: Reply(number, played=played[number], ended=True, duration_ms=(durations_ms or {}).get(number))
        for number in finished
    }
    return Call(tuple(marks), said, heard, replies, whole, broken)


def faults(of: Call, expected: Expected) -> list[str]:
    verdict = judge(of, expected)
    assert {fault.kind for fault in verdict.faults} <= set(KINDS)
    return [fault.kind for fault in verdict.faults]


def test_a_question_that_is_answered_once_and_to_the_end_has_no_fault() -> None:
    verdict = judge(call([(1, 3.0, 6.0)], [mark(0.5, 2.0)], [1]), ONE)
    assert verdict.faults == ()
    assert verdict.latencies_ms == pytest.approx((1000.0,), abs=0.1)
    assert (verdict.silences_ms, verdict.talk_over_ms, verdict.answers) == ((), 0.0, 1)


def test_a_reply_that_a_cough_holds_and_lets_go_on_has_no_fault() -> None:
    cough = mark(3.5, 4.0, over=1, meant=False, kind="noise")
    assert faults(call([(1, 3.0, 3.6), (1, 4.4, 7.0)], [mark(0.5, 2.0), cough], [1]), ONE) == []


def test_a_reply_that_a_cough_stops_is_stopped() -> None:
    cough = mark(3.5, 4.0, over=1, meant=False, kind="noise")
    verdict = judge(call([(1, 3.0, 3.6)], [mark(0.5, 2.0), cough]), ONE)
    assert [fault.kind for fault in verdict.faults] == ["stopped"]
    assert "hold on" in verdict.faults[0].said


def test_a_new_answer_in_the_place_of_the_one_that_was_stopped_is_no_resumption() -> None:
    cough = mark(3.5, 4.0, over=1, meant=False, kind="noise")
    assert faults(call([(1, 3.0, 3.6), (2, 4.4, 7.0)], [mark(0.5, 2.0), cough], [2]), ONE) == [
        "stopped",
        "doubled",
    ]


def test_a_reply_that_falls_silent_with_nobody_speaking_is_stopped_too() -> None:
    assert faults(call([(1, 3.0, 5.0)], [mark(0.5, 2.0)]), ONE) == ["stopped"]


def test_an_interruption_ends_the_reply_and_is_answered() -> None:
    verdict = judge(call([(1, 1.0, 2.2), (2, 4.0, 6.0)], [mark(2.0, 3.0, over=1)], [2]), TWO)
    assert verdict.faults == ()
    assert verdict.silences_ms == pytest.approx((200.0,), abs=0.1)
    assert verdict.talk_over_ms == 200.0
    assert verdict.latencies_ms == pytest.approx((1000.0,), abs=0.1)


def test_a_reply_that_goes_on_through_an_interruption_to_its_end_has_missed_it() -> None:
    assert faults(call([(1, 1.0, 4.5)], [mark(2.0, 3.0, over=1)], [1]), ONE) == ["missed"]


def test_a_reply_that_is_held_by_an_interruption_and_goes_on_has_missed_it() -> None:
    assert faults(call([(1, 1.0, 2.2), (1, 4.1, 8.0)], [mark(2.0, 3.0, over=1)], [1]), ONE) == ["missed"]


def test_a_reply_that_is_stopped_long_after_an_interruption_has_missed_it() -> None:
    assert faults(call([(1, 1.0, 4.5)], [mark(2.0, 3.0, over=1)]), ONE) == ["missed"]


def test_a_reply_that_had_ended_by_itself_when_it_was_interrupted_has_missed_nothing() -> None:
    verdict = judge(call([(1, 1.0, 2.2), (2, 4.0, 6.0)], [mark(2.0, 3.0, over=1)], [1, 2]), TWO)
    assert (verdict.faults, verdict.silences_ms) == ((), ())


def test_silence_that_comes_late_is_a_fault_only_where_it_is_bounded() -> None:
    late = call([(1, 1.0, 2.5), (2, 4.0, 6.0)], [mark(2.0, 3.0, over=1)], [2])
    assert faults(late, TWO) == []
    assert faults(late, Expected(answers=2, silence_after_ms=400)) == ["slow_silence"]
    assert faults(late, Expected(answers=2, silence_after_ms=501)) == []


def test_an_answer_that_begins_in_a_pause_of_the_caller_cuts_him() -> None:
    verdict = judge(call([(1, 2.0, 2.6), (2, 5.0, 6.0)], [mark(0.5, 4.0)], [2]), ONE)
    assert [fault.kind for fault in verdict.faults] == ["cut", "doubled"], "he stopped it, not a noise"


def test_an_answer_that_begins_while_something_meaningless_is_said_cuts_nobody() -> None:
    aside = mark(2.0, 3.5, meant=False)
    assert faults(call([(1, 2.5, 6.0)], [mark(0.5, 1.5), aside], [1]), ONE) == []


def test_answers_are_counted() -> None:
    question = [mark(0.5, 2.0)]
    assert faults(call([], question), ONE) == ["missing"]
    assert faults(call([], question), Expected(answers=0)) == []
    assert faults(call([(1, 3.0, 4.0), (2, 5.0, 6.0)], question, [1, 2]), ONE) == ["doubled"]
    assert faults(call([(1, 3.0, 4.0), (2, 5.0, 6.0)], question, [1, 2]), Expected()) == []


def test_a_reply_that_is_silent_is_no_answer() -> None:
    silent = call([(1, 3.0, 4.0)], [mark(0.5, 2.0)], [1])
    silent.heard[:] = 0
    assert faults(silent, ONE) == ["missing"]


def test_a_slow_answer_is_a_fault_where_it_is_bounded() -> None:
    slow = call([(1, 3.0, 4.0)], [mark(0.5, 2.0)], [1])
    assert faults(slow, Expected(answers=1, latency_ms=900)) == ["slow_answer"]
    assert faults(slow, Expected(answers=1, latency_ms=1100)) == []


def test_an_answer_is_that_of_the_last_thing_said_before_it() -> None:
    verdict = judge(call([(1, 5.0, 6.0)], [mark(0.5, 1.0), mark(2.0, 4.0)], [1]), ONE)
    assert verdict.latencies_ms == pytest.approx((1000.0,), abs=0.1)


def test_both_who_speak_at_once_are_a_fault_where_it_is_bounded() -> None:
    both = call([(1, 1.0, 2.5), (2, 4.0, 6.0)], [mark(2.0, 3.0, over=1)], [2])
    assert faults(both, Expected(talk_over_ms=400)) == ["talked_over"]
    assert faults(both, Expected(talk_over_ms=500)) == []


def test_a_reply_of_which_less_came_than_it_has_is_damaged() -> None:
    question = [mark(0.5, 2.0)]
    assert faults(call([(1, 3.0, 4.0)], question, [1], {1: 1500.0}), ONE) == ["damaged"]
    assert faults(call([(1, 3.0, 4.0)], question, [1], {1: 999.0}), ONE) == []


@pytest.mark.parametrize("back_s", [0.1, 0.2, 0.7])
def test_a_reply_that_goes_on_from_before_where_it_was_held_is_damaged(back_s: float) -> None:
    cough = mark(3.9, 4.2, over=1, meant=False, kind="noise")
    again = call([(1, 3.0, 4.0), (1, 5.0, 7.0)], [mark(0.5, 2.0), cough], [1])
    back = round(back_s * HEARD_RATE)
    seam, there = 4 * HEARD_RATE, 5 * HEARD_RATE
    again.heard[there : there + back] = again.heard[seam - back : seam]
    assert faults(again, ONE) == ["damaged"]


def test_a_call_that_was_broken_off_has_not_passed() -> None:
    verdict = judge(call([(1, 3.0, 4.0)], [mark(0.5, 2.0)], [1], broken="nobody is there"), ONE)
    assert [(fault.kind, fault.said) for fault in verdict.faults] == [("broken", "nobody is there")]
