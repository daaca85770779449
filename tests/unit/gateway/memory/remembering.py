"""A memory at work, for the body of a test."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.memory.redis_memory import RedisMemory

TTL_S = 600


@asynccontextmanager
async def remembering(url: str) -> AsyncIterator[RedisMemory]:
    """A memory whose writer runs for the body."""
    memory = RedisMemory(url, TTL_S)
    try:
        async with asyncio.TaskGroup() as group:
            writer = group.create_task(memory.run())
            try:
                yield memory
            finally:
                writer.cancel()
    finally:
        await memory.close()


async def written(memory: RedisMemory, timeout_s: float = 10.0) -> bool:
    """True when nothing waits any more."""
    started = time.monotonic()
    await memory.finish(timeout_s)
    return time.monotonic() - started < timeout_s
