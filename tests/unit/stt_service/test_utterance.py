"""A long utterance: what is settled, what is still open, and where its words lie."""

from itertools import pairwise

from protos.sound import HEARD_RATE
from stt_service.engines.utterance import Segment, Settling, Utterance


def seconds(count: float) -> int:
    return round(count * HEARD_RATE)


def utterance(length_s: float) -> Utterance:
    made = Utterance()
    made.add(bytes(2 * seconds(length_s)))
    return made


def test_a_short_utterance_stays_open() -> None:
    short = utterance(5)
    short.take([Segment("one two", seconds(2))], short.open_samples)
    assert len(short.open_audio()) == 2 * seconds(5)
    assert short.text([Segment("other words", seconds(5))]) == "other words"


def test_the_beginning_of_a_long_one_is_settled_and_its_audio_let_go() -> None:
    long = utterance(25)
    heard = [Segment("one", seconds(6)), Segment("two", seconds(14)), Segment("three", seconds(25))]
    long.take(heard, long.open_samples)
    assert long.samples == seconds(25)
    assert long.open_samples == seconds(11)
    assert long.text([Segment("three four", seconds(11))]) == "one two three four"


def test_words_near_the_end_are_never_settled() -> None:
    long = utterance(30)
    long.take([Segment("one", seconds(23))], long.open_samples)
    assert long.open_samples == seconds(30)


def test_audio_that_came_since_is_kept() -> None:
    long = utterance(25)
    long.add(bytes(2 * seconds(3)))
    long.take([Segment("one", seconds(10)), Segment("two", seconds(24))], seconds(25))
    assert long.open_samples == seconds(18)


def test_times_that_run_back_settle_nothing_twice() -> None:
    long = utterance(25)
    long.take([Segment("one", seconds(10)), Segment("two", seconds(4))], long.open_samples)
    assert long.open_samples == seconds(15)
    assert long.text([]) == "one"


def test_words_keep_their_place_in_the_whole_utterance() -> None:
    long = utterance(25)
    long.take([Segment("one", seconds(10), (("one", seconds(9)),))], long.open_samples)
    words = long.words([Segment("two three", seconds(5), (("two", seconds(1)), ("three", seconds(0.5))))])
    assert words == (("one", seconds(9)), ("two", seconds(11)), ("three", seconds(11)))
    assert all(one[1] <= other[1] for one, other in pairwise(words))


def test_an_hour_of_talk_is_held_in_half_a_minute_of_audio() -> None:
    long = Utterance()
    most = 0
    for _ in range(720):
        long.add(bytes(2 * seconds(5)))
        most = max(most, long.open_samples)
        ends = range(seconds(4), long.open_samples, seconds(4))
        long.take([Segment("word", end) for end in ends], long.open_samples)
    assert long.samples == seconds(3600)
    assert most < seconds(30)


def test_what_was_heard_and_is_not_settled_is_the_next_draft() -> None:
    long = utterance(25)
    long.take([Segment("one", seconds(6))], seconds(7))
    assert long.draft == (Segment("one", seconds(6)),)
    heard = [Segment("one", seconds(6)), Segment("two", seconds(25), (("two", seconds(8)),), (7, 8))]
    long.take(heard, long.open_samples)
    (left,) = long.draft
    assert (left.text, left.end, left.tokens) == ("two", seconds(19), (7, 8))


def test_how_long_is_long_is_the_models_own() -> None:
    brief = Utterance(Settling(long_samples=seconds(8), open_samples=seconds(0.25)))
    brief.add(bytes(2 * seconds(7)))
    assert not brief.is_long
    brief.add(bytes(2 * seconds(3)))
    assert brief.is_long
    brief.take([Segment("one", seconds(6)), Segment("two", seconds(10))], brief.open_samples)
    assert brief.open_samples == seconds(4)
    assert not brief.is_long


def test_it_is_as_sure_as_of_what_it_is_least_sure_of() -> None:
    short = utterance(5)
    heard = [Segment("one", seconds(2), confidence=-0.1), Segment("two", seconds(4), confidence=-0.5)]
    assert short.confidence([*heard, Segment("", seconds(5), confidence=-0.9)]) == -0.5
    assert short.confidence([Segment("one", seconds(2))]) is None
