"""The check for leaked tasks finds them, and lets clean code alone."""

import asyncio

import pytest

from tests.support.leaks import Leaked, run


def test_what_ends_all_its_tasks_is_clean() -> None:
    async def main() -> int:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        return 7

    assert run(main()) == 7


def test_a_task_that_is_just_ending_is_no_leak() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()

    run(main())


def test_a_task_that_stays_is_named() -> None:
    async def main() -> None:
        main.kept = asyncio.create_task(asyncio.sleep(60), name="forgotten")  # type: ignore[attr-defined]

    with pytest.raises(Leaked, match="forgotten"):
        run(main())


def test_a_test_that_hangs_is_ended() -> None:
    with pytest.raises(TimeoutError):
        run(asyncio.sleep(60), timeout_s=0.02)
