"""A cancel ends its task, also where what is awaited swallows it."""

import asyncio
from contextlib import suppress

import pytest

from chassis.faults import Unavailable
from chassis.tasks import Ending, heeding_cancel, task_group


async def deaf() -> str:
    """Goes on as if it had not been cancelled."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    return "an answer"


async def cancelled(work: "asyncio.Task[str]") -> None:
    await asyncio.sleep(0)
    work.cancel()
    await asyncio.wait([work])


async def test_a_cancel_that_is_swallowed_is_heeded() -> None:
    async def heeding() -> str:
        with heeding_cancel():
            return await deaf()

    work = asyncio.create_task(heeding())
    await cancelled(work)
    assert work.cancelled()


async def test_without_a_cancel_nothing_changes() -> None:
    with heeding_cancel():
        await asyncio.sleep(0)
    with pytest.raises(ValueError, match="its own"), heeding_cancel():
        raise ValueError("its own")


async def test_a_cancel_of_before_does_not_count() -> None:
    async def later() -> str:
        await deaf()
        with heeding_cancel():
            await asyncio.sleep(0)
        return "went on"

    work = asyncio.create_task(later())
    await cancelled(work)
    assert work.result() == "went on"


async def fail(error: Exception) -> None:
    await asyncio.sleep(0)
    raise error


async def fail_together(*errors: Exception) -> None:
    async with task_group() as group:
        for error in errors:
            group.create_task(fail(error))


@pytest.mark.parametrize("before", [Ending("the client has gone"), Unavailable("away")])
async def test_a_bug_that_fails_beside_an_end_or_a_fault_is_what_is_raised(before: Exception) -> None:
    with pytest.raises(ZeroDivisionError, match="a bug"):
        await fail_together(before, ZeroDivisionError("a bug"))


async def test_of_ends_and_faults_the_first_is_raised_bare() -> None:
    with pytest.raises(Unavailable, match="first"):
        await fail_together(Unavailable("first"), Ending("second"))
