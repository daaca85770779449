"""Blocking work of seconds to minutes beside the event loop; a process told to leave does not wait for it."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def run_beside(work: Callable[[], T], discard: Callable[[T], None], name: str) -> T:
    """What `work` returns, or its failure. Cancelled: the result, when it comes, goes to `discard`.

    A daemon thread and not an executor's: the interpreter waits for those before it ends.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    # Libraries keep frames of the stack that first imported them: none of these may hold the result.
    box: list[T] = []

    def finish(failure: BaseException | None) -> None:
        if done.cancelled():
            throw_away()
        elif failure is not None:
            done.set_exception(failure)
        else:
            done.set_result(None)

    def throw_away() -> None:
        while box:
            discard(box.pop())

    def run() -> None:
        failure = None
        try:
            box.append(work())
        except Exception as error:
            failure = error
        try:
            loop.call_soon_threadsafe(finish, failure)
        except RuntimeError:  # the loop is closed: the process leaves
            throw_away()

    threading.Thread(target=run, name=name, daemon=True).start()
    try:
        await done
    except BaseException:
        throw_away()  # where it came just before the cancel; where it comes later, `finish` does
        raise
    return box.pop()
