"""Another model takes the engine's place at run time, and a bad choice leaves the good model where it was."""

import asyncio
from collections.abc import Callable, Mapping

import pytest

from chassis.faults import InvalidArgument, NotReady, Unsupported
from engine_room import engine_host
from engine_room.engine_host import EngineHost, State
from engine_room.engines import Choice
from tests.unit.engine_room.sample_engine import Engine, until


def made(engines: list[Engine]) -> Callable[[Mapping[str, str]], Engine]:
    """Makes an engine by the setting SLOTS, and keeps it in `engines`."""

    def make(settings: Mapping[str, str]) -> Engine:
        if not settings.get("SLOTS", "").isdigit():
            raise InvalidArgument("SLOTS must be a number")
        engines.append(Engine(int(settings["SLOTS"])))
        return engines[-1]

    return make


async def test_a_chosen_model_takes_the_engines_place_once_its_streams_have_ended() -> None:
    first, engines = Engine(), list[Engine]()
    host = EngineHost(first, made(engines))
    await host.load()
    place = host.slot()
    place.__enter__()
    async with asyncio.TaskGroup() as group:
        group.create_task(host.load(Choice("big", {"SLOTS": "7"}), drain_s=5))
        await until(host, State.DRAINING)
        assert engines[0].loads == 0
        place.__exit__(None, None, None)
    assert (first.unloads, engines[0].loads, host.free) == (1, 1, 7)
    assert host.choice.name == "big"


async def test_the_same_choice_is_loaded_once_unless_it_is_to_be_loaded_anew() -> None:
    engines = list[Engine]()
    host = EngineHost(Engine(), made(engines))
    for reload in (False, False, True):
        await host.load(Choice("big", {"SLOTS": "7"}), reload)
    assert [(engine.loads, engine.unloads) for engine in engines] == [(1, 1), (1, 0)]


async def test_a_choice_that_cannot_be_changes_nothing() -> None:
    host = EngineHost(Engine(), made([]))
    await host.load()
    with pytest.raises(InvalidArgument, match="SLOTS"):
        await host.load(Choice("wrong", {"SLOTS": "many"}))
    assert (host.state, host.choice.name, host.free) == (State.READY, "", 2)
    with pytest.raises(Unsupported):
        await EngineHost(Engine()).load(Choice("any"))


async def test_the_model_before_comes_back_when_the_chosen_one_does_not_load() -> None:
    first, bad = Engine(), Engine()
    bad.problem = NotReady("there is no such file")
    host = EngineHost(first, lambda _: bad)
    await host.load()
    with pytest.raises(NotReady, match="no such file"):
        await host.load(Choice("bad"))
    assert (host.state, host.choice.name, first.loads) == (State.READY, "", 2)


async def test_a_choice_waits_no_longer_for_open_streams_than_it_is_told() -> None:
    host = EngineHost(Engine(), made([]))
    await host.load()
    with host.slot():
        with pytest.raises(NotReady, match="1 streams were still open"):
            await host.load(Choice("big", {"SLOTS": "7"}), drain_s=0.01)
        assert (host.state, host.choice.name) == (State.READY, "")


async def test_a_choice_whose_caller_leaves_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_host, "HEALTH_S", 0.01)
    first, slow = Engine(), Engine()
    slow.may_load.clear()
    host = EngineHost(first, lambda _: slow)
    await host.load()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(host.watch_health())
        choosing = group.create_task(host.load(Choice("slow")))
        await until(host, State.LOADING)
        choosing.cancel()
        await asyncio.wait([choosing])
        await until(host, State.READY)
        watch.cancel()
    assert (host.engine, host.choice.name, first.loads) == (first, "", 2)


async def test_the_reason_is_the_chosen_models_though_the_one_before_fails_too() -> None:
    first, bad = Engine(), Engine()
    bad.problem = NotReady("there is no such file")
    host = EngineHost(first, lambda _: bad)
    await host.load()
    first.problem = NotReady("nor is the old one")
    with pytest.raises(NotReady, match="no such file"):
        await host.load(Choice("bad"))
    assert (host.state, host.engine) == (State.FAILED, first)
