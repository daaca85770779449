"""A deadline names what was being done, and takes the blame for nothing else."""

import asyncio
import time

import pytest

from chassis.deadlines import within
from chassis.faults import BackendFault, TooSlow
from tests.support.leaks import run


def test_what_takes_too_long_is_ended_and_named() -> None:
    async def main() -> None:
        async with within(0.02, "connecting to tts"):
            await asyncio.sleep(5)

    started = time.monotonic()
    with pytest.raises(TooSlow, match=r"^connecting to tts took longer than 0\.02 s$"):
        run(main())
    assert time.monotonic() - started < 1


def test_being_too_slow_is_the_backends_fault_and_worth_a_retry() -> None:
    assert issubclass(TooSlow, BackendFault)
    assert TooSlow.retryable


def test_what_is_quick_enough_is_left_alone() -> None:
    async def main() -> str:
        async with within(5, "thinking"):
            await asyncio.sleep(0)
            return "done"

    assert run(main()) == "done"


def test_a_failure_in_time_is_that_failure() -> None:
    async def main() -> None:
        async with within(5, "thinking"):
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        run(main())


def test_the_bodys_own_timeout_is_not_taken_for_ours() -> None:
    async def main() -> None:
        async with within(5, "thinking"):
            raise TimeoutError("the socket's own")

    with pytest.raises(TimeoutError, match="the socket's own") as caught:
        run(main())
    assert not isinstance(caught.value, TooSlow)


def test_a_cancelled_wait_stays_cancelled() -> None:
    async def main() -> bool:
        async def wait() -> None:
            async with within(5, "thinking"):
                await asyncio.sleep(5)

        async with asyncio.TaskGroup() as group:
            task = group.create_task(wait())
            await asyncio.sleep(0)
            task.cancel()
        return task.cancelled()

    assert run(main())


def test_the_inner_deadline_ends_first_and_alone() -> None:
    async def main() -> str:
        async with within(5, "the whole"):
            try:
                async with within(0.01, "the part"):
                    await asyncio.sleep(5)
            except TooSlow as fault:
                return str(fault)
        return ""

    assert run(main()).startswith("the part")
