"""Memory writes behind the conversation: each turn once, whatever happens to Redis meanwhile."""

import asyncio
import time
from typing import Any

import pytest

from gateway.memory import redis_memory
from gateway.memory.entries import Entry, SessionRecord, TranscriptEntry, size_of
from gateway.memory.redis_memory import LOST, RedisMemory, session_key, transcript_key
from tests.support.redis_server import RedisServer
from tests.unit.gateway.memory.remembering import TTL_S, remembering, written

RECORD = SessionRecord("s1", "host:8000", "parley", "beginner", "open")


def turn(number: int, session: str = "s1", reply: str = "Hi!") -> TranscriptEntry:
    return TranscriptEntry(session, number, f"said {number}", reply, "Hi!", interrupted=number % 2 == 0)


def turns_of(server: RedisServer, session: str = "s1") -> list[int]:
    entries: Any = server.client.xrange(transcript_key(session))
    return [int(fields["turn"]) for _, fields in entries]


def lost() -> float:
    return float(LOST._value.get())


async def test_what_is_remembered_can_be_read_again(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        for entry in (RECORD, turn(1), turn(2)):
            memory.remember(entry)
        assert await written(memory)
        assert await memory.transcript("s1") == [turn(1).fields(), turn(2).fields()]
        assert memory.up
    assert server.client.hgetall(session_key("s1")) == RECORD.fields()


async def test_nothing_is_kept_for_ever(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        memory.remember(RECORD)
        memory.remember(turn(1))
        assert await written(memory)
    for key in (session_key("s1"), transcript_key("s1")):
        assert 0 < int(str(server.client.ttl(key))) <= TTL_S


async def test_a_turn_written_twice_is_stored_once(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        for number in (1, 2, 1, 2, 2, 3):
            memory.remember(turn(number))
        assert await written(memory)
        assert memory.up, "a turn that is there already is no failure"
    assert turns_of(server) == [1, 2, 3]


async def test_sessions_do_not_mix(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        for number in range(1, 200):
            memory.remember(turn(number, session=f"s{number % 7}"))
        assert await written(memory)
    for session in range(7):
        assert turns_of(server, f"s{session}") == [n for n in range(1, 200) if n % 7 == session]


async def test_a_frozen_redis_gets_everything_when_it_thaws(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        memory.remember(turn(1))
        assert await written(memory)
        server.freeze()
        started = time.monotonic()
        for number in range(2, 50):
            memory.remember(turn(number))
        assert time.monotonic() - started < 0.05, "remembering never waits"
        await memory.finish(1.0)
        assert not memory.up
        server.thaw()
        assert await written(memory)
        assert memory.up
    assert turns_of(server) == list(range(1, 50))


async def test_a_killed_redis_keeps_what_was_acknowledged_and_gets_the_rest_later(
    server: RedisServer,
) -> None:
    async with remembering(server.url) as memory:
        for number in range(1, 30):
            memory.remember(turn(number))
        assert await written(memory)
        server.kill()
        for number in range(30, 60):
            memory.remember(turn(number))
        await memory.finish(0.3)
        await asyncio.to_thread(server.start)
        assert await written(memory)
    assert turns_of(server) == list(range(1, 60))


async def test_a_redis_that_is_not_there_at_the_start_is_found_later(server: RedisServer) -> None:
    server.kill()
    async with remembering(server.url) as memory:
        memory.remember(turn(1))
        await memory.finish(0.2)
        assert not memory.up
        await asyncio.to_thread(server.start)
        assert await written(memory)
        assert memory.up
    assert turns_of(server) == [1]


async def test_a_full_buffer_drops_the_oldest_and_counts_them(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound = 20 * size_of(turn(10))
    monkeypatch.setattr(redis_memory, "BUFFER_BYTES", bound)
    server.kill()
    before = lost()
    async with remembering(server.url) as memory:
        for number in range(10, 60):
            memory.remember(turn(number))
        assert lost() - before == 30
        await asyncio.to_thread(server.start)
        assert await written(memory)
    assert turns_of(server) == list(range(40, 60))


async def test_what_is_dropped_while_it_is_being_written_is_not_dropped_twice(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_memory, "BUFFER_BYTES", 20 * size_of(turn(10)))
    before = lost()
    async with remembering(server.url) as memory:
        await asyncio.sleep(0.05)
        server.freeze()
        for number in range(10, 30):
            memory.remember(turn(number))
        await asyncio.sleep(0.02)
        for number in range(30, 45):
            memory.remember(turn(number))
        assert lost() - before == 15
        server.thaw()
        assert await written(memory)
    assert set(range(25, 45)) <= set(turns_of(server))
    assert turns_of(server) == sorted(set(turns_of(server)))


async def test_a_last_chance_to_write_is_bounded(server: RedisServer) -> None:
    server.kill()
    async with remembering(server.url) as memory:
        memory.remember(turn(1))
        started = time.monotonic()
        await memory.finish(0.1)
        assert time.monotonic() - started < 1


async def test_a_full_redis_is_tried_again_and_nothing_is_evicted(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        memory.remember(turn(1))
        assert await written(memory)
        server.client.config_set("maxmemory", "1")
        memory.remember(turn(2))
        await memory.finish(0.2)
        assert not memory.up
        server.client.config_set("maxmemory", "0")
        assert await written(memory)
    assert turns_of(server) == [1, 2]


@pytest.mark.parametrize("entry", [RECORD, turn(1), turn(2, reply="Schön " * 100)])
def test_an_entry_weighs_at_least_what_it_holds(entry: Entry) -> None:
    assert size_of(entry) >= sum(len(value.encode()) for value in entry.fields().values())


async def test_an_entry_that_can_never_be_written_does_not_hold_up_the_others(server: RedisServer) -> None:
    server.client.set(transcript_key("poisoned"), "not a stream")
    async with remembering(server.url) as memory:
        memory.remember(turn(1, session="poisoned"))
        memory.remember(turn(1))
        assert await written(memory, timeout_s=0.5)


async def test_text_that_cannot_be_written_does_not_stop_the_session(server: RedisServer) -> None:
    async with remembering(server.url) as memory:
        memory.remember(turn(1, reply="\ud800"))
        assert await written(memory, timeout_s=0.5)


async def test_an_entry_that_cannot_even_be_sent_is_lost_alone(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    add = RedisMemory._add

    def poisoned(memory: RedisMemory, pipe: Any, entry: Entry) -> None:
        if isinstance(entry, TranscriptEntry) and entry.turn == 2:
            raise ValueError("poison")
        add(memory, pipe, entry)

    before = lost()
    monkeypatch.setattr(RedisMemory, "_add", poisoned)
    async with remembering(server.url) as memory:
        for number in (1, 2, 3):
            memory.remember(turn(number))
        assert await written(memory)
    assert turns_of(server) == [1, 3]
    assert lost() == before + 1
