"""An engine that died is revived or ends the process; one that loads slowly says how far it is."""

import asyncio

import pytest

from chassis import engine_host
from chassis.engine_host import EngineHost, State
from chassis.faults import NotReady, Unavailable
from tests.support.leaks import run
from tests.unit.chassis.sample_engine import CachingEngine, Engine, MortalEngine, SlowEngine, until


def test_an_engine_that_died_is_not_ready_until_it_has_been_revived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)

    async def main() -> None:
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

    run(main())


def test_a_process_ends_whose_engine_cannot_be_revived(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    monkeypatch.setattr(engine_host, "REVIVAL_PAUSE_S", 0.01)

    async def main() -> None:
        engine = MortalEngine()
        host = EngineHost(engine)
        await host.load()
        engine.healthy, engine.problem = False, Unavailable("the card is gone")
        with pytest.raises(Unavailable, match="sample engine died and could not be loaded again"):
            await host.watch_health()
        assert host.state is State.FAILED

    run(main())


def test_what_an_engine_tells_of_its_load_is_shown_while_it_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "PROGRESS_S", 0.01)

    async def main() -> None:
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

    run(main())


def test_a_cache_is_cleared_while_streams_go_on_and_only_where_there_is_one() -> None:
    async def main() -> None:
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

    run(main())
