"""A bucket lets a burst through and then a rate, and never more than both, whatever is taken when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.session.rates import Bucket

RATE, BURST = 10.0, 5.0


def test_a_burst_passes_at_once_and_what_follows_waits() -> None:
    bucket = Bucket(RATE, BURST)
    assert [bucket.take(1, 0.0) for _ in range(7)] == pytest.approx([0, 0, 0, 0, 0, 0.1, 0.2])


def test_what_waited_its_time_leaves_room_for_more() -> None:
    bucket = Bucket(RATE, BURST)
    wait_s = bucket.take(BURST + 10, 0.0)
    assert wait_s == pytest.approx(1.0)
    assert bucket.take(1, wait_s) == pytest.approx(0.1)


def test_rest_fills_it_to_the_burst_and_no_further() -> None:
    bucket = Bucket(RATE, BURST)
    bucket.take(BURST, 0.0)
    assert not bucket.has(BURST, 0.4)
    assert bucket.has(BURST, 0.5)
    assert not bucket.has(BURST + 0.1, 1000.0)


def test_asking_whether_there_is_room_takes_nothing() -> None:
    bucket = Bucket(RATE, BURST)
    assert all(bucket.has(BURST, 0.0) for _ in range(3))


def test_time_before_the_first_use_gives_nothing_more_than_the_burst() -> None:
    bucket = Bucket(RATE, BURST)
    assert bucket.take(BURST + 1, 1e6) == pytest.approx(0.1)


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 3)), min_size=1, max_size=40))
def test_who_waits_as_told_never_gets_more_than_burst_and_rate(takings: list[tuple[float, float]]) -> None:
    bucket, now, used = Bucket(RATE, BURST), 0.0, 0.0
    for amount, rest_s in takings:
        now += rest_s
        now += bucket.take(amount, now)
        used += amount
        assert used <= BURST + RATE * now + 1e-6
