"""A healthy session beside a hostile one: whatever the other does, this one is answered."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TypeVar

from tests.support.client import Client, talking_to
from tests.support.cluster import Cluster

Case = TypeVar("Case")
ANSWER_S = 3.0
PATH = "/v1/conversation"


async def assert_answered(client: Client, within_s: float = ANSWER_S) -> None:
    """Typed text is answered in writing and aloud, and the turn ends."""
    after = len(client.messages)
    await client.send(type="text", text="say:0.2s")
    await client.wait_type("ai_text", within_s, after)
    await client.wait_audio(within_s, after)
    await client.wait_type("turn_complete", within_s, after)


@asynccontextmanager
async def connected(url: str, query: str = "", **options: object) -> AsyncIterator[Client]:
    """A client of the native dialect that has been greeted."""
    async with talking_to(f"{url}{PATH}{query}", **options) as client:
        await client.wait_type("connected")
        yield client


@asynccontextmanager
async def bystander(door: Cluster) -> AsyncIterator[Client]:
    """The session is there before the body, and is answered after it."""
    async with connected(door.ws) as healthy:
        yield healthy
        await assert_answered(healthy)
        assert healthy.closed is None


async def each(cases: Iterable[Case], story: Callable[[Case], Awaitable[None]]) -> None:
    """The story of every case, all at once; a failure says in which case."""

    async def one(case: Case) -> None:
        try:
            await story(case)
        except Exception as error:
            error.add_note(f"in the case {case!r:.120}")
            raise

    async with asyncio.TaskGroup() as group:
        for case in cases:
            group.create_task(one(case))
