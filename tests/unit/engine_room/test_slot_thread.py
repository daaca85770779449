"""The one thread that calls a batched model steps when there is something to do, and says when it broke."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from engine_room.slot_thread import SlotThread


@contextmanager
def stepping(step: object, failures: list[BaseException] | None = None) -> Iterator[SlotThread]:
    thread = SlotThread("sample", step, (failures if failures is not None else []).append)  # type: ignore[arg-type]
    thread.start()
    try:
        yield thread
    finally:
        thread.stop()
    assert not thread.alive


def until(condition: object, timeout_s: float = 5.0) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_it_rests_until_it_is_woken() -> None:
    steps: list[float] = []

    def step() -> None:
        steps.append(time.monotonic())

    with stepping(step) as thread:
        until(lambda: len(steps) == 1)
        time.sleep(0.05)
        assert len(steps) == 1
        thread.wake()
        until(lambda: len(steps) == 2)


def test_it_goes_on_at_once_while_a_step_wants_to() -> None:
    left = [1000]

    def step() -> float | None:
        left[0] -= 1
        return 0 if left[0] else None

    with stepping(step):
        until(lambda: left[0] == 0)


def test_it_comes_back_after_the_time_that_a_step_names() -> None:
    steps: list[float] = []

    def step() -> float | None:
        steps.append(time.monotonic())
        return 0.05 if len(steps) == 1 else None

    with stepping(step):
        until(lambda: len(steps) == 2)
    assert steps[1] - steps[0] >= 0.049


def test_what_is_asked_runs_on_the_thread_and_its_failure_comes_back() -> None:
    with stepping(lambda: None) as thread:
        assert thread.ask(threading.get_ident).result(5) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            thread.ask(lambda: 1 // 0).result(5)
        assert thread.alive


def test_a_step_that_fails_ends_the_thread_and_is_told() -> None:
    failures: list[BaseException] = []

    def step() -> None:
        raise RuntimeError("the card is gone")

    with stepping(step, failures) as thread:
        until(lambda: failures)
        assert str(failures[0]) == "the card is gone"
        assert not thread.alive


def test_a_wake_during_a_step_is_not_lost() -> None:
    entered, leave = threading.Event(), threading.Event()
    steps: list[int] = []

    def step() -> None:
        steps.append(1)
        entered.set()
        leave.wait(5)

    with stepping(step) as thread:
        entered.wait(5)
        thread.wake()
        leave.set()
        until(lambda: len(steps) == 2)
