"""Tasks that end as they should: groups that fail with the fault itself, cancels that are not lost."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from chassis.faults import Fault

CANCEL_AGAIN_S = 0.2


class Ending(Exception):
    """Ends a task group on purpose: no failure of anybody's."""


@asynccontextmanager
async def task_group() -> AsyncIterator[asyncio.TaskGroup]:
    """A TaskGroup that raises one failure bare, so that `except Fault` works across it.

    The first one, unless a bug failed beside it: an end on purpose and a Fault must not hide that.
    """
    try:
        async with asyncio.TaskGroup() as group:
            yield group
    except BaseExceptionGroup as failures:
        raise _worst(list(_leaves(failures))) from None


def _leaves(failures: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for failure in failures.exceptions:
        if isinstance(failure, BaseExceptionGroup):
            yield from _leaves(failure)
        else:
            yield failure


def _worst(failures: list[BaseException]) -> BaseException:
    return next((f for f in failures if not isinstance(f, Ending | Fault)), failures[0])


@contextmanager
def heeding_cancel() -> Iterator[None]:
    """A cancel during the body ends the task, though what is awaited in it goes on as if nothing were.

    Redis' client does that, when it is cancelled at certain moments (redis-py 8.1).
    """
    before = cancels()
    try:
        yield
    finally:
        if cancels() > before:
            raise asyncio.CancelledError


def cancels() -> int:
    """How often this task was asked to end."""
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0


async def end(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancelled until they are gone: a task group that winds up after a failure forgets a cancel."""
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
