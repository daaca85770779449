"""Whether Redis is there is known also while nobody speaks."""

import asyncio

import pytest

from gateway.memory import redis_memory
from gateway.memory.redis_memory import RedisMemory
from tests.support.redis_server import RedisServer
from tests.unit.gateway.memory.remembering import remembering


async def until_up(memory: RedisMemory, up: bool) -> None:
    async with asyncio.timeout(10):
        while memory.up is not up:
            await asyncio.sleep(0.01)


async def test_a_redis_that_goes_while_nobody_speaks_is_noticed(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_memory, "CHECK_S", 0.02)
    async with remembering(server.url) as memory:
        await until_up(memory, True)
        server.kill()
        await until_up(memory, False)
        server.start()
        await until_up(memory, True)


async def test_whatever_the_library_raises_the_writer_goes_on(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_memory, "CHECK_S", 0.02)

    async def odd() -> None:
        raise ValueError("an answer that nobody expected")

    async with remembering(server.url) as memory:
        await until_up(memory, True)
        with monkeypatch.context() as patched:
            patched.setattr(memory._redis, "ping", odd)
            await until_up(memory, False)
        await until_up(memory, True)
