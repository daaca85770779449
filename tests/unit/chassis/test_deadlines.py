"""A deadline names what was being done, and takes the blame for nothing else."""

import asyncio
import time

import pytest

from chassis.deadlines import within
from chassis.faults import BackendFault, TooSlow


async def test_what_takes_too_long_is_ended_and_named() -> None:
    started = time.monotonic()
    with pytest.raises(TooSlow, match=r"^connecting to tts took longer than 0\.02 s$"):
        async with within(0.02, "connecting to tts"):
            await asyncio.sleep(5)
    assert time.monotonic() - started < 1


def test_being_too_slow_is_the_backends_fault_and_worth_a_retry() -> None:
    assert issubclass(TooSlow, BackendFault)
    assert TooSlow.retryable


async def test_what_is_quick_enough_is_left_alone() -> None:
    async def think() -> str:
        async with within(5, "thinking"):
            await asyncio.sleep(0)
            return "done"

    assert await think() == "done"


async def test_a_failure_in_time_is_that_failure() -> None:
    with pytest.raises(ValueError, match="no"):
        async with within(5, "thinking"):
            raise ValueError("no")


async def test_the_bodys_own_timeout_is_not_taken_for_ours() -> None:
    with pytest.raises(TimeoutError, match="the socket's own") as caught:
        async with within(5, "thinking"):
            raise TimeoutError("the socket's own")
    assert not isinstance(caught.value, TooSlow)


async def test_a_cancelled_wait_stays_cancelled() -> None:
    async def wait() -> None:
        async with within(5, "thinking"):
            await asyncio.sleep(5)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
    assert task.cancelled()


async def test_the_inner_deadline_ends_first_and_alone() -> None:
    async with within(5, "the whole"):
        with pytest.raises(TooSlow, match=r"^the part"):
            async with within(0.01, "the part"):
                await asyncio.sleep(5)
