"""Runs a coroutine and fails when it leaves tasks behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Leaked(AssertionError):
    """Tasks were still alive when the test was over."""


def run(coroutine: Coroutine[Any, Any, T], timeout_s: float = 30.0) -> T:
    """Its result. Raises Leaked, naming each task that it started and did not end."""

    async def main() -> T:
        before = asyncio.all_tasks()
        async with asyncio.timeout(timeout_s):
            result = await coroutine
        await check_clean(before)
        return result

    return asyncio.run(main())


async def check_clean(before: set["asyncio.Task[Any]"]) -> None:
    """A few passes of the loop for those that are just ending; then none may be left."""
    for _ in range(5):
        await asyncio.sleep(0)
    left = asyncio.all_tasks() - before
    if left:
        raise Leaked("; ".join(f"{task.get_name()}: {task.get_coro()}" for task in left))
