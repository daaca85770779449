"""Runs a coroutine and fails when it leaves tasks behind."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
ENDING_S = (0.0, 0.0, 0.0, 0.01, 0.05, 0.2)


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
    """A moment for those that are just ending: some wait for a thread of gRPC's. Then none may be left."""
    for wait_s in ENDING_S:
        await asyncio.sleep(wait_s)
        if not (left := asyncio.all_tasks() - before):
            break
    if left:
        raise Leaked("; ".join(f"{task.get_name()}: {task.get_coro()}" for task in left))
