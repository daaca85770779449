"""An engine with a slice loads only where the slice is free, in its turn, told what it may hold."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import GB, Gpu
from engine_room import gpu_lease
from engine_room.engine_host import EngineHost, State
from engine_room.gpu_guard import HELD, SLICE, GpuGuard, GpuTerms
from engine_room.gpu_lease import lease_key
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from engine_room.model_control import ModelControl
from tests.support.redis_server import redis_server
from tests.unit.engine_room.sample_engine import Engine, GpuEngine

NO_TURNS = GpuTerms(one_at_a_time=False)


def card(free_gb: float, index: int = 0, total_gb: float = 24) -> Gpu:
    return Gpu(index, f"GPU-{index}", "NVIDIA Test", round(total_gb * GB), round(free_gb * GB))


def scripted(*looks: Sequence[Gpu]) -> Callable[[], Sequence[Gpu]]:
    """One answer after the other; the last one again and again."""
    answers = list(looks)
    return lambda: answers.pop(0) if len(answers) > 1 else answers[0]


async def load(engine: Engine, guard: GpuGuard) -> EngineHost[Engine]:
    host: EngineHost[Engine] = EngineHost(engine)
    host.guard = guard
    await host.load()
    return host


async def refusal(engine: Engine, terms: GpuTerms, *gpus: Gpu) -> str:
    """Why it is not loaded; it never began."""
    host: EngineHost[Engine] = EngineHost(engine)
    host.guard = GpuGuard(terms, look=scripted(gpus))
    with pytest.raises(NotReady) as refused:
        await host.load()
    assert (host.state, host.detail) == (State.FAILED, str(refused.value))
    assert engine.loads == 0
    return host.detail


# ---------------------------------------------------------------------- enough, and too little


async def test_an_engine_is_granted_its_slice_of_the_card() -> None:
    engine = GpuEngine("8")
    await load(engine, GpuGuard(NO_TURNS, look=scripted([card(10)])))
    assert engine.loads == 1
    assert engine.grants == [Grant(8 * GB, 24 * GB)]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0"


async def test_over_commitment_is_refused_and_says_by_how_much() -> None:
    assert await refusal(GpuEngine("8"), NO_TURNS, card(6.3)) == (
        "needs 8.0 GB of GPU 0, 6.3 GB are free, 2.0 GB are reserved: 3.7 GB short; "
        "lower GPU_SLICE or use another GPU_INDEX"
    )


async def test_the_setting_to_lower_is_the_one_that_made_it_so_much() -> None:
    writer = GpuEngine()
    writer.gpu_need = GpuNeed(Amount(share=0.4), lower="LLM_GPU_MEMORY_UTILIZATION")
    assert "; lower LLM_GPU_MEMORY_UTILIZATION or" in await refusal(writer, NO_TURNS, card(8))
    sliced = GpuTerms(slice="9", one_at_a_time=False)
    assert "; lower GPU_SLICE or" in await refusal(writer, sliced, card(8))


async def test_what_is_reserved_stays_free() -> None:
    short_by_a_byte = Gpu(0, "GPU-0", "NVIDIA Test", 24 * GB, 10 * GB - 1)
    assert "10.0 GB are free, 2.0 GB are reserved: 0.1 GB short" in await refusal(
        GpuEngine("8"), NO_TURNS, short_by_a_byte
    )
    nothing_reserved = GpuTerms(one_at_a_time=False, reserved_bytes=0)
    await load(GpuEngine("8"), GpuGuard(nothing_reserved, look=scripted([card(8)])))


async def test_what_the_operator_says_goes_before_what_the_engine_would_take() -> None:
    engine = GpuEngine("20")
    await load(engine, GpuGuard(GpuTerms(slice="0.25", one_at_a_time=False), look=scripted([card(8.1)])))
    assert engine.grants == [Grant(6 * GB, 24 * GB)]


async def test_a_slice_that_holds_not_even_cuda_is_refused() -> None:
    assert "raise GPU_SLICE" in await refusal(GpuEngine("0.01"), NO_TURNS, card(24))


async def test_a_card_that_is_not_there_is_refused() -> None:
    assert "set GPU_INDEX" in await refusal(GpuEngine(), GpuTerms(index=1, one_at_a_time=False), card(24))


async def test_the_other_card_is_used_where_the_operator_says_so() -> None:
    engine = GpuEngine()
    cards = [card(1), card(20, 1, 48)]
    await load(engine, GpuGuard(GpuTerms(index=1, one_at_a_time=False), look=scripted(cards)))
    assert engine.grants == [Grant(8 * GB, 48 * GB)]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


async def test_an_engine_on_two_cards_needs_its_slice_on_both() -> None:
    engine = GpuEngine("0.5", gpus=2)
    cards = [card(24), card(40, 1, 48)]
    host = await load(engine, GpuGuard(NO_TURNS, look=scripted(cards)))
    assert host.guard is not None
    assert host.guard.slice_bytes == 36 * GB
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"
    assert "of GPU 1" in await refusal(GpuEngine("0.5", gpus=2), NO_TURNS, card(24), card(20, 1, 48))


async def test_the_choice_of_a_card_stays_when_the_model_is_loaded_again() -> None:
    """The second time CUDA_VISIBLE_DEVICES is what we said ourselves."""
    engine = GpuEngine()
    guard = GpuGuard(GpuTerms(index=1, one_at_a_time=False), look=scripted([card(20), card(20, 1)]))
    host = await load(engine, guard)
    await host.load(reload=True)
    assert engine.loads == 2
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "1"


# ---------------------------------------------------------------------- nothing to guard


@pytest.mark.parametrize("engine", [Engine(), GpuEngine()])
async def test_without_a_gpu_an_engine_loads_as_ever(engine: Engine) -> None:
    host = await load(engine, GpuGuard(GpuTerms(slice="8"), look=scripted(())))
    assert (engine.loads, host.guard and host.guard.slice_bytes) == (1, 0)
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


async def test_an_engine_that_wants_none_is_not_asked_for_a_slice() -> None:
    for_cpu = GpuEngine()
    for_cpu.gpu_need = None
    for engine in (Engine(), for_cpu):
        await load(engine, GpuGuard(GpuTerms(slice="8"), look=scripted([card(0.1)])))
        assert engine.loads == 1
    assert for_cpu.grants == []


async def test_a_card_that_does_not_say_what_it_has_is_not_checked() -> None:
    engine = GpuEngine()
    await load(engine, GpuGuard(NO_TURNS, look=scripted([card(0, 0, 0)])))
    assert (engine.loads, engine.grants) == (1, [])


async def test_a_driver_that_stops_answering_refuses_the_load_and_hides_no_card() -> None:
    with pytest.raises(NotReady, match="driver has stopped answering"):
        await load(GpuEngine(), GpuGuard(NO_TURNS, look=scripted([card(24)], ())))
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


# ---------------------------------------------------------------------- what is shown


async def test_what_was_declared_and_what_is_held_are_in_the_status_and_the_metrics() -> None:
    # Inside a container the driver does not know our processes: what has gone since is ours.
    guard = GpuGuard(NO_TURNS, look=scripted([card(20)], [card(20)], [card(13.5)]))
    host = await load(GpuEngine("8"), guard)
    control = ModelControl("stt", host, 1)
    status = control.status()
    assert (status.slice_bytes, status.gpu_bytes) == (8 * GB, round(6.5 * GB))
    assert status.memory_bytes > status.gpu_bytes
    assert (SLICE._value.get(), HELD._value.get()) == (8 * GB, round(6.5 * GB))
    await host.unload(1)
    status = control.status()
    assert (status.slice_bytes, status.gpu_bytes, HELD._value.get()) == (8 * GB, 0, 0)


async def test_what_the_driver_counts_for_us_is_believed() -> None:
    guard = GpuGuard(NO_TURNS, look=scripted([card(20)]))
    await load(GpuEngine("8"), guard)
    assert guard.held_bytes(7 * GB) == 7 * GB


# ---------------------------------------------------------------------- turns


async def test_a_model_waits_for_its_turn_and_sees_what_the_one_before_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "LOOK_S", 0.01)

    async def refused(host: EngineHost[Engine]) -> str:
        with pytest.raises(NotReady) as reason:
            await host.load()
        return str(reason.value)

    with redis_server(tmp_path) as server:
        free = [24.0]
        first, second = GpuEngine("8"), GpuEngine("8")
        first.may_load.clear()
        terms = GpuTerms(lease_url=server.url)
        hosts = []
        for engine in (first, second):
            host: EngineHost[Engine] = EngineHost(engine)
            host.guard = GpuGuard(terms, look=lambda: [card(free[0])])
            hosts.append(host)
        async with asyncio.TaskGroup() as group:
            group.create_task(hosts[0].load())
            while not first.grants:
                await asyncio.sleep(0.01)
            late = group.create_task(refused(hosts[1]))
            async for _ in hosts[1].changes():
                if hosts[1].detail:
                    break
            assert hosts[1].detail == "waiting until another model is loaded on GPU 0"
            assert second.grants == []
            free[0] = 9.0  # what the first one took meanwhile, and more
            first.may_load.set()
            assert "1.0 GB short" in await late
        assert hosts[0].state is State.READY
        assert not server.client.exists(lease_key("GPU-0"))


async def test_models_load_side_by_side_where_the_operator_says_so(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        server.client.set(lease_key("GPU-0"), "theirs", px=60_000)
        engine = GpuEngine()
        terms = GpuTerms(lease_url=server.url, one_at_a_time=False)
        await load(engine, GpuGuard(terms, look=scripted([card(24)])))
        assert engine.loads == 1
