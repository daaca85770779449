"""The microphone's clock is counted in samples; a pause is told once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.microphone import Microphone
from protos.sound import HEARD_RATE

FRAME = 320


def test_nothing_is_known_before_the_first_sample() -> None:
    microphone = Microphone(stall_s=0.7)
    assert (microphone.samples, microphone.last_at, microphone.time_of(0)) == (0, None, 0.0)
    assert not microphone.stalled(100.0)


def test_a_sample_belongs_to_the_moment_it_was_received() -> None:
    microphone = Microphone(stall_s=0.7)
    for number in range(50):
        microphone.heard(FRAME, 10 + number * 0.02)
    assert microphone.samples == HEARD_RATE
    assert microphone.time_of(HEARD_RATE) == pytest.approx(10.98)
    assert microphone.time_of(HEARD_RATE // 2) == pytest.approx(10.48)


def test_a_sample_that_has_not_come_belongs_to_the_newest() -> None:
    microphone = Microphone(stall_s=0.7)
    microphone.heard(FRAME, 5.0)
    assert microphone.time_of(1_000_000) == 5.0


def test_late_audio_moves_the_clock_along() -> None:
    """What came in one burst was spoken before it, sample by sample."""
    microphone = Microphone(stall_s=0.7)
    microphone.heard(HEARD_RATE, 20.0)
    assert microphone.time_of(0) == pytest.approx(19.0)


@given(st.lists(st.tuples(st.integers(0, 5000), st.floats(0, 0.5)), min_size=1, max_size=50))
def test_later_samples_have_later_times(pieces: list[tuple[int, float]]) -> None:
    microphone, now = Microphone(stall_s=0.7), 0.0
    for samples, gap_s in pieces:
        now += gap_s
        microphone.heard(samples, now)
    assert microphone.samples == sum(samples for samples, _ in pieces)
    times = [microphone.time_of(sample) for sample in range(0, microphone.samples + 1, 500)]
    assert times == sorted(times)
    assert all(time <= now for time in times)


def test_a_pause_is_told_once_and_again_after_more_sound() -> None:
    microphone = Microphone(stall_s=0.7)
    microphone.heard(FRAME, 1.0)
    assert not microphone.stalled(1.69)
    assert microphone.stalled(1.71)
    assert not microphone.stalled(5.0)
    microphone.heard(FRAME, 6.0)
    assert not microphone.stalled(6.5)
    assert microphone.stalled(6.8)


def test_what_was_received_and_gave_no_sound_yet_is_followed_by_a_pause_too() -> None:
    """Only then is the last frame of a recording known to be the last."""
    microphone = Microphone(stall_s=0.7)
    microphone.received(1.0)
    assert not microphone.stalled(1.6)
    assert microphone.stalled(1.8)
    assert not microphone.stalled(5.0)
    assert microphone.last_at is None


def test_a_pause_that_is_known_is_not_told() -> None:
    microphone = Microphone(stall_s=0.7)
    microphone.heard(FRAME, 1.0)
    microphone.pause()
    assert not microphone.stalled(5.0)
    microphone.heard(FRAME, 6.0)
    assert microphone.stalled(6.8)


@given(st.lists(st.integers(1, 2000).filter(lambda gap_ms: gap_ms != 700), min_size=1, max_size=30))
def test_who_looks_again_when_it_says_so_misses_no_pause(gaps_ms: list[int]) -> None:
    microphone, now, look_at, pauses = Microphone(stall_s=0.7), 0.0, 0.0, 0
    microphone.heard(FRAME, now)
    for gap_ms in gaps_ms:
        comes_at = now + gap_ms / 1000
        while look_at < comes_at:
            pauses += microphone.stalled(look_at)
            wait_s = microphone.stalls_in(look_at)
            assert wait_s >= 0
            look_at += wait_s + 1e-9  # a clock goes on
        microphone.heard(FRAME, comes_at)
        now = comes_at
    assert pauses == sum(gap_ms > 700 for gap_ms in gaps_ms)


def test_who_sends_is_looked_at_no_more_often_than_a_pause_is_long() -> None:
    microphone = Microphone(stall_s=0.7)
    assert microphone.stalls_in(3.0) == pytest.approx(0.7)
    microphone.heard(FRAME, 4.0)
    assert microphone.stalls_in(4.0) == pytest.approx(0.7)
    assert microphone.stalls_in(4.6) == pytest.approx(0.1)
    assert microphone.stalls_in(5.0) == 0.0
    assert microphone.stalled(5.0)
    assert microphone.stalls_in(5.0) == pytest.approx(0.7)
