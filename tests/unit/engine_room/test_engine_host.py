"""The engine's host counts slots exactly, says no at once, and tells watchers what changed."""

import asyncio
from contextlib import AbstractContextManager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import Fault, NoSlot, NotReady, Unavailable
from engine_room.engine_host import EngineHost, State
from tests.unit.engine_room.sample_engine import Engine


@given(st.integers(1, 6), st.lists(st.booleans(), max_size=40))
async def test_slots_are_counted_exactly_whatever_comes_and_goes(slots: int, steps: list[bool]) -> None:
    host = EngineHost(Engine(slots))
    await host.load()
    held: list[AbstractContextManager[Engine]] = []
    for is_arrival in steps:
        if not is_arrival:
            if held:
                held.pop().__exit__(None, None, None)
        elif len(held) == slots:
            with pytest.raises(NoSlot, match=f"all {slots} slots"), host.slot():
                pass
        else:
            place = host.slot()
            place.__enter__()
            held.append(place)
        assert (host.used, host.free) == (len(held), slots - len(held))
    while held:
        held.pop().__exit__(None, None, None)
    assert (host.used, host.free) == (0, slots)


async def test_a_stream_that_fails_gives_its_slot_back() -> None:
    host = EngineHost(Engine())
    await host.load()
    with pytest.raises(ValueError, match="broken"), host.slot():
        raise ValueError("broken")
    assert host.used == 0


@pytest.mark.parametrize("state", [state for state in State if state is not State.READY])
async def test_no_slot_is_given_while_the_model_is_not_ready(state: State) -> None:
    host = EngineHost(Engine())
    host.state = state
    assert host.free == 0
    with pytest.raises(NotReady, match=state.value), host.slot():
        pass
    assert host.used == 0


async def test_loading_twice_loads_once() -> None:
    engine = Engine()
    host = EngineHost(engine)
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(host.load())
    assert (engine.loads, host.state) == (1, State.READY)


@pytest.mark.parametrize(
    ("problem", "detail"),
    [
        (Unavailable("the weights are not there"), "the weights are not there"),
        (KeyError("secret"), "KeyError"),
    ],
)
async def test_a_failed_load_is_kept_in_words_and_can_be_tried_again(problem: Exception, detail: str) -> None:
    engine = Engine()
    host = EngineHost(engine)
    engine.problem = problem
    with pytest.raises(type(problem)):
        await host.load()
    assert (host.state, host.detail) == (State.FAILED, detail)
    engine.problem = None
    await host.load()
    assert (host.state, host.detail) == (State.READY, "")


async def test_unloading_waits_for_the_last_stream_and_refuses_new_ones() -> None:
    engine = Engine()
    host = EngineHost(engine)
    await host.load()
    async with asyncio.TaskGroup() as group:
        with host.slot():
            unloading = group.create_task(host.unload(drain_s=5))
            await asyncio.sleep(0.01)
            assert host.state is State.DRAINING
            with pytest.raises(NotReady, match="draining"), host.slot():
                pass
            assert engine.unloads == 0
        await unloading
    assert (host.state, engine.unloads) == (State.UNLOADED, 1)


async def test_unloading_gives_up_on_streams_that_stay_and_serves_on() -> None:
    engine = Engine()
    host = EngineHost(engine)
    await host.load()
    with host.slot():
        with pytest.raises(NotReady, match="1 streams were still open"):
            await host.unload(drain_s=0.02)
        assert (host.state, engine.unloads) == (State.READY, 0)
        with host.slot():
            assert host.used == 2


async def test_unloading_what_is_not_loaded_does_nothing() -> None:
    engine = Engine()
    host = EngineHost(engine)
    await host.unload(drain_s=1)
    assert (host.state, engine.unloads) == (State.UNLOADED, 0)


async def test_a_drain_ends_when_the_last_stream_does() -> None:
    host = EngineHost(Engine())
    await host.load()
    place = host.slot()
    place.__enter__()
    asyncio.get_running_loop().call_later(0.02, place.__exit__, None, None, None)
    async with asyncio.timeout(1):
        await host.drain(drain_s=60)
    assert host.used == 0


async def test_a_drain_does_not_wait_for_ever() -> None:
    host = EngineHost(Engine())
    await host.load()
    with host.slot():
        async with asyncio.timeout(1):
            await host.drain(drain_s=0.02)
        assert host.used == 1


async def test_a_watcher_is_told_at_once_and_changes_together_are_told_once() -> None:
    host = EngineHost(Engine(slots=100))
    seen: list[tuple[State, int]] = []

    async def watch() -> None:
        async for _ in host.changes():
            note()

    def note() -> None:
        seen.append((host.state, host.used))

    async with asyncio.TaskGroup() as group:
        watcher = group.create_task(watch())
        await asyncio.sleep(0)
        assert seen == [(State.UNLOADED, 0)]
        await host.load()
        await asyncio.sleep(0.001)
        assert seen[-1] == (State.READY, 0)
        told = len(seen)
        held = [host.slot() for _ in range(50)]
        for place in held:
            place.__enter__()
        await asyncio.sleep(0.001)
        assert seen[told:] == [(State.READY, 50)]
        for place in held:
            place.__exit__(None, None, None)
        await asyncio.sleep(0.001)
        assert seen[told:] == [(State.READY, 50), (State.READY, 0)]
        watcher.cancel()


async def test_a_watcher_sees_loading_before_ready() -> None:
    engine = Engine()
    engine.may_load.clear()
    host = EngineHost(engine)
    async with asyncio.TaskGroup() as group:
        group.create_task(host.load())
        await asyncio.sleep(0)
        states = [host.state]
        engine.may_load.set()
    assert [*states, host.state] == [State.LOADING, State.READY]


def test_not_ready_and_no_slot_are_worth_another_try() -> None:
    assert all(issubclass(kind, Fault) and kind.retryable for kind in (NotReady, NoSlot))
