"""Runs a coroutine and fails when it leaves tasks behind, as `tests/conftest.py` has each async test do."""

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
TIMEOUT_S = 30.0
ENDING_S = (0.0, 0.0, 0.0, 0.01, 0.05, 0.2)


class Leaked(AssertionError):
    """Tasks were still alive when the test was over."""


def run(coroutine: Coroutine[Any, Any, T], timeout_s: float = TIMEOUT_S) -> T:
    """Its result, from an event loop of its own. Raises what `watch` raises."""
    return asyncio.run(watch(coroutine, timeout_s))


def watched(
    test: Callable[P, Coroutine[Any, Any, T]], timeout_s: float | None = TIMEOUT_S
) -> Callable[P, Coroutine[Any, Any, T]]:
    """The same function, which fails as `watch` does."""

    @functools.wraps(test)
    async def watching(*args: P.args, **kwargs: P.kwargs) -> T:
        return await watch(test(*args, **kwargs), timeout_s)

    return watching


async def watch(coroutine: Coroutine[Any, Any, T], timeout_s: float | None = TIMEOUT_S) -> T:
    """Its result. Raises Leaked, naming each task that it started and did not end, and TimeoutError when it
    takes longer than `timeout_s` (None: it may)."""
    before = asyncio.all_tasks()
    async with asyncio.timeout(timeout_s):
        result = await coroutine
    await check_clean(before)
    return result


async def check_clean(before: set["asyncio.Task[Any]"]) -> None:
    """A moment for those that are just ending: some wait for a thread of gRPC's. Then none may be left."""
    for wait_s in ENDING_S:
        await asyncio.sleep(wait_s)
        if not (left := asyncio.all_tasks() - before):
            break
    if left:
        raise Leaked("; ".join(f"{task.get_name()}: {task.get_coro()}" for task in left))
