"""A request's body and the caller behind it: how much is taken in, how slowly, and whether he is there."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from chassis.faults import ClientFault, InvalidArgument
from chassis.tasks import task_group
from gateway.door.server import BODY_S, LEAST_BYTES_PER_S

T = TypeVar("T")
MAX_BODY_BYTES = 512 * 1024


class SlowBody(ClientFault):
    """The body came more slowly than is allowed: to be answered with 408 and `Connection: close`."""


class CallerLeft(ClientFault):
    """The caller closed the connection before the answer: whatever is answered is not read."""


async def read_body(request: Request) -> bytes:
    """The whole body, `MAX_BODY_BYTES` at most.

    Raises InvalidArgument as soon as it is longer, SlowBody after `BODY_S` and a second more for each
    `LEAST_BYTES_PER_S` that came, CallerLeft.
    """
    body = bytearray()
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(BODY_S) as limit:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise InvalidArgument(f"the body may have {MAX_BODY_BYTES} bytes at most")
                limit.reschedule(began + BODY_S + len(body) / LEAST_BYTES_PER_S)
    except ClientDisconnect:
        raise CallerLeft("the caller left before the body was whole") from None
    except TimeoutError:
        raise SlowBody(
            f"the body came too slowly: it may take {BODY_S:g} s, and 1 s more per {LEAST_BYTES_PER_S} bytes"
        ) from None
    return bytes(body)


async def unless_left(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """What `work` returns, or its failure. A caller who leaves cancels it: raises CallerLeft.

    Only after the body was read: what comes of the request meanwhile is dropped.
    """
    async with task_group() as group:
        working = group.create_task(work)
        leaving = group.create_task(_wait_left(request))
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        for task in (working, leaving):
            task.cancel()
    if working.cancelled():
        raise CallerLeft("the caller left before there was an answer")
    return working.result()


async def _wait_left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
