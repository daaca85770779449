"""The arithmetic of the capacity benchmark, where it could be wrong and nobody would see it."""

from dataclasses import replace

import pytest

from tests.load.capacity.figures import (
    Load,
    Point,
    Result,
    Used,
    added_ms,
    core_busy_s,
    judge,
    kb_per_session,
    largest_borne,
    median_ratio,
    process_cpu_s,
)

BARE, GATEWAY = Point("bare", 60), Point("gateway", 60)
STAT = "42 (a) b (c) S 1 42 42 0 -1 4194304 99 0 0 0 150 50 7 9 20 0 3 0 1189474 3133440 409"
MACHINE = "cpu  9 9 9 9 9 9 9 9 0 0\ncpu1 100 20 30 4000 500 6 44 7 0 0\ncpu10 1 1 1 1 1 1 1 1 0 0\nintr 5"
HALF = int(24_000 * 2 * 8.0 * 60 * 0.5)
"""Bytes of reply audio that 60 sessions hear in half of 8 s."""
LOAD = Load(window_s=8.0, late_p99_s=0.002, waits_s=[0.95, 0.93], reply_bytes=HALF, lost=0, errors=0)
USED = Used(window_s=8.0, cpu_s=2.0, busy_s=2.4, rss_kb=50_000)


def result(point: Point, percent: float, late_ms: float = 1.0, rss_kb: int = 0, trouble: str = "") -> Result:
    return Result(point, late_ms, percent, 0.0, rss_kb, 50.0, (), trouble)


def test_cpu_time_is_user_and_system_of_the_process_without_its_children() -> None:
    assert process_cpu_s(STAT, 100) == 2.0


def test_a_core_is_busy_when_it_is_neither_idle_nor_waits() -> None:
    assert core_busy_s(MACHINE, 1, 100) == 2.0
    with pytest.raises(LookupError):
        core_busy_s(MACHINE, 2, 100)


def test_cost_is_in_percent_of_a_core_and_is_shared_by_the_sessions() -> None:
    judged = judge(GATEWAY, LOAD, USED, 0.93)
    assert judged.core_percent == pytest.approx(25.0)
    assert judged.session_percent == pytest.approx(25.0 / 60)
    assert judged.others_percent == pytest.approx(5.0)
    assert judged.delivered_percent == pytest.approx(50.0)
    assert judged.added_ms == pytest.approx((20.0, 0.0))
    assert not judged.void


def test_processor_time_is_counted_over_its_own_window() -> None:
    """The two processes look at the clock one after the other."""
    assert judge(GATEWAY, LOAD, replace(USED, window_s=10.0), 0.93).core_percent == pytest.approx(20.0)


def test_who_does_not_listen_has_no_latency() -> None:
    assert judge(BARE, LOAD, USED, None).added_ms == ()


def test_a_reply_at_another_rate_is_as_long() -> None:
    load = replace(LOAD, reply_bytes=HALF * 2 // 3)
    assert judge(GATEWAY, load, USED, 0.93, reply_rate=16_000).delivered_percent == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("load", "why"),
    [
        (replace(LOAD, late_p99_s=0.011), "the generator itself was 11 ms late"),
        (replace(LOAD, lost=3), "3 of 60 sessions broke off"),
        (replace(LOAD, errors=1), "1 errors were told"),
        (replace(LOAD, reply_bytes=HALF // 2), "25 % of the time was reply audio instead of 50"),
    ],
)
def test_what_was_not_the_load_that_was_asked_for_is_void(load: Load, why: str) -> None:
    assert judge(GATEWAY, load, USED, 0.93).void == why


def test_ratios_are_made_within_a_round_and_the_middle_one_counts() -> None:
    rounds = [
        [result(BARE, 10.0), result(GATEWAY, 15.0)],
        [result(BARE, 20.0), result(GATEWAY, 28.0)],
        [result(BARE, 10.0), result(GATEWAY, 90.0)],
    ]
    assert median_ratio(rounds, GATEWAY, BARE) == pytest.approx(1.5)


def test_a_void_point_makes_no_ratio_but_its_second_try_does() -> None:
    void = [result(BARE, 10.0), result(GATEWAY, 90.0, late_ms=30.0)]
    assert median_ratio([void], GATEWAY, BARE) is None
    assert median_ratio([[*void, result(GATEWAY, 15.0)]], GATEWAY, BARE) == pytest.approx(1.5)


def test_ratios_are_per_session() -> None:
    few = Point("pipecat", 10)
    assert median_ratio([[result(few, 30.0), result(GATEWAY, 60.0)]], few, GATEWAY) == pytest.approx(3.0)


def test_a_round_that_was_disturbed_does_not_decide_about_latency() -> None:
    rounds = [
        replace(result(GATEWAY, 1.0), added_ms=tuple([10.0] * 99 + [worst])) for worst in (20.0, 900.0, 30.0)
    ]
    late = replace(result(GATEWAY, 1.0, late_ms=99.0), added_ms=(500.0,))
    assert added_ms([*rounds, late], GATEWAY, 0.99) == 30.0
    assert added_ms([late], GATEWAY, 0.99) is None
    assert added_ms([result(BARE, 1.0)], BARE, 0.99) is None


def test_the_largest_load_is_one_that_was_quick_enough_and_not_void() -> None:
    assert largest_borne({10: 20.0, 60: 50.0, 20: 30.0}) == 60
    assert largest_borne({10: 20.0, 20: 50.1, 40: None}) == 10
    assert largest_borne({10: 51.0}) is None


def test_a_disturbed_small_load_does_not_hide_a_larger_one_that_was_borne() -> None:
    assert largest_borne({10: 80.0, 60: 20.0}) == 60


def test_memory_is_a_slope_between_the_first_time_of_two_loads() -> None:
    few, many = Point("gateway", 10), Point("gateway", 60)
    first = [result(few, 1.0, rss_kb=10_000), result(many, 1.0, rss_kb=15_000)]
    assert kb_per_session([*first, *(result(p, 1.0, rss_kb=15_000) for p in (few, many))], few, many) == 100
    assert kb_per_session(first[::-1], few, many) is None
    broken = result(few, 0.0, trouble="the generator ended")
    assert kb_per_session([broken, *first], few, many) == 100
