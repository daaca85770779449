"""A cancel ends its task, also where what is awaited swallows it."""

import asyncio
from contextlib import suppress

import pytest

from chassis.tasks import heeding_cancel


async def deaf() -> str:
    """Goes on as if it had not been cancelled."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(3600)
    return "an answer"


async def cancelled(work: "asyncio.Task[str]") -> None:
    await asyncio.sleep(0)
    work.cancel()
    await asyncio.wait([work])


def test_a_cancel_that_is_swallowed_is_heeded() -> None:
    async def heeding() -> str:
        with heeding_cancel():
            return await deaf()

    async def main() -> None:
        work = asyncio.create_task(heeding())
        await cancelled(work)
        assert work.cancelled()

    asyncio.run(main())


def test_without_a_cancel_nothing_changes() -> None:
    async def main() -> None:
        with heeding_cancel():
            await asyncio.sleep(0)
        with pytest.raises(ValueError, match="its own"), heeding_cancel():
            raise ValueError("its own")

    asyncio.run(main())


def test_a_cancel_of_before_does_not_count() -> None:
    async def later() -> str:
        await deaf()
        with heeding_cancel():
            await asyncio.sleep(0)
        return "went on"

    async def main() -> str:
        work = asyncio.create_task(later())
        await cancelled(work)
        return work.result()

    assert asyncio.run(main()) == "went on"
