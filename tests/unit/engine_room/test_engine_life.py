"""An engine that died is revived or ends the process; one that loads slowly says how far it is."""

import asyncio

import pytest

from chassis.faults import NotReady, Unavailable
from engine_room import engine_host
from engine_room.engine_host import EngineHost, State
from tests.unit.engine_room.sample_engine import CachingEngine, Engine, MortalEngine, SlowEngine, until


async def test_an_engine_that_died_is_not_ready_until_it_has_been_revived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    engine = MortalEngine()
    host = EngineHost(engine)
    await host.load()
    engine.may_load.clear()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(host.watch_health())
        engine.healthy = False
        await until(host, State.LOADING)
        with pytest.raises(NotReady), host.slot():
            pass
        engine.healthy = True
        engine.may_load.set()
        await until(host, State.READY)
        assert (engine.loads, host.free) == (2, 2)
        watch.cancel()


async def test_a_process_ends_whose_engine_cannot_be_revived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    monkeypatch.setattr(engine_host, "REVIVAL_PAUSE_S", 0.01)
    engine = MortalEngine()
    host = EngineHost(engine)
    await host.load()
    engine.healthy, engine.problem = False, Unavailable("the card is gone")
    with pytest.raises(Unavailable, match="sample engine died and could not be loaded again"):
        await host.watch_health()
    assert host.state is State.FAILED


async def test_what_an_engine_tells_of_its_load_is_shown_while_it_loads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_host, "PROGRESS_S", 0.01)
    engine = SlowEngine()
    engine.may_load.clear()
    host = EngineHost(engine)
    seen = []
    async with asyncio.TaskGroup() as group:
        group.create_task(host.load())
        for words in ("reading weights", "warming up"):
            engine.progress = words
            async for _ in host.changes():
                if host.detail == words:
                    break
            seen.append((host.state, host.detail))
        engine.may_load.set()
    assert seen == [(State.LOADING, "reading weights"), (State.LOADING, "warming up")]
    assert (host.state, host.detail) == (State.READY, "")
    assert host.load_s > 0
    assert host.memory_bytes > 1_000_000


async def test_a_cache_is_cleared_while_streams_go_on_and_only_where_there_is_one() -> None:
    host = EngineHost(CachingEngine())
    await host.clear_cache()
    assert host.engine.cleared == 0
    await host.load()
    with host.slot():
        await host.clear_cache()
    assert host.engine.cleared == 1
    plain = EngineHost(Engine())
    await plain.load()
    await plain.clear_cache()


async def test_a_load_that_is_broken_off_is_mended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its caller has left: nobody would ever load it again."""
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    engine = Engine()
    engine.may_load.clear()
    host = EngineHost(engine)
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(host.watch_health())
        loading = group.create_task(host.load())
        await until(host, State.LOADING)
        loading.cancel()
        await asyncio.wait([loading])
        assert host.state is State.FAILED
        engine.may_load.set()
        await until(host, State.READY)
        watch.cancel()


async def test_an_unload_that_is_broken_off_refuses_nobody() -> None:
    host = EngineHost(Engine())
    await host.load()
    with host.slot():
        unloading = asyncio.create_task(host.unload(60))
        await until(host, State.DRAINING)
        unloading.cancel()
        await asyncio.wait([unloading])
    with host.slot():
        assert host.state is State.READY


async def test_a_service_that_leaves_takes_nobody_in_again() -> None:
    host = EngineHost(Engine())
    await host.load()
    with host.slot():
        unloading = asyncio.create_task(host.unload(0.05))
        await until(host, State.DRAINING)
        await host.drain(0.01)
        await asyncio.wait([unloading])
        assert unloading.exception() is not None
        assert host.state is State.DRAINING


async def test_an_engine_that_failed_can_be_unloaded_and_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    monkeypatch.setattr(engine_host, "REVIVAL_PAUSE_S", 0.05)
    engine = MortalEngine()
    host = EngineHost(engine)
    await host.load()
    engine.healthy, engine.problem = False, Unavailable("the card is gone")
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(host.watch_health())
        await until(host, State.FAILED)
        await host.unload(1)
        await asyncio.sleep(0.2)
        assert host.state is State.UNLOADED
        assert engine.unloads >= 1
        watch.cancel()
