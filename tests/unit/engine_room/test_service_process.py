"""What a service says of itself on the health board, from its start to its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from chassis import probe
from chassis.faults import NotReady, Unavailable
from cli.cluster_files import free_ports
from engine_room import service_process
from engine_room.engine_host import EngineHost, State
from engine_room.service_process import ALIVE, run_service
from engine_room.settings import ServiceSettings
from tests.unit.engine_room.sample_engine import Engine, until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


@dataclass
class Running:
    host: EngineHost[Engine]
    stop: asyncio.Event
    stub: Any
    serving: asyncio.Task[None]
    address: str

    async def ask(self, name: str) -> int:
        request = health_pb2.HealthCheckRequest(service=name)
        return int((await self.stub.Check(request, timeout=2, wait_for_ready=True)).status)


@asynccontextmanager
async def service(engine: Engine, exit_on_failed_load: bool = False) -> AsyncIterator[Running]:
    """Runs for the body; it must have been stopped, or is stopped now."""
    (port,) = free_ports(1)
    host, stop = EngineHost(engine), asyncio.Event()
    settings = ServiceSettings(grpc_port=port, drain_s=5, exit_on_failed_load=exit_on_failed_load)
    serving = asyncio.create_task(run_service("sample", settings, host, lambda _: None, stop))
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield Running(host, stop, health_pb2_grpc.HealthStub(channel), serving, f"127.0.0.1:{port}")
        finally:
            stop.set()
            await serving
    # What gRPC ends of a channel, it ends a moment later.
    await asyncio.sleep(0.05)


async def test_a_service_lives_while_it_loads_but_takes_nobody_in() -> None:
    engine = Engine()
    engine.may_load.clear()
    async with service(engine) as running:
        assert await running.ask("") == NOT_SERVING
        assert await running.ask(ALIVE) == SERVING
        engine.may_load.set()
        await until(running.host, State.READY)
        await asyncio.sleep(0.05)
        assert await running.ask("") == await running.ask("sample") == await running.ask(ALIVE) == SERVING


async def test_a_service_whose_model_does_not_load_lives() -> None:
    engine = Engine()
    engine.problem = ValueError("no such weights")
    async with service(engine) as running:
        await until(running.host, State.FAILED)
        await asyncio.sleep(0.05)
        assert await running.ask("") == NOT_SERVING
        assert await running.ask(ALIVE) == SERVING


async def test_a_load_that_failed_is_told_at_once_and_one_under_way_is_waited_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    slow = Engine()
    slow.may_load.clear()
    async with service(slow) as running:
        probing = asyncio.create_task(asyncio.to_thread(probe.main, [running.address]))
        await asyncio.sleep(0.8)
        assert not probing.done(), "a model that loads is neither well nor unwell"
        slow.may_load.set()
        assert await probing == 0
    broken = Engine()
    broken.problem = NotReady("the weights are not there; set MODEL_NAME")
    async with service(broken) as running:
        await until(running.host, State.FAILED)
        assert await asyncio.to_thread(probe.main, [running.address]) == 1
        broken.problem = None
        await running.host.load()
        assert await asyncio.to_thread(probe.main, [running.address]) == 0, "it can still be asked to load"
    assert "failed: the weights are not there; set MODEL_NAME" in capsys.readouterr().err


async def test_a_process_that_is_to_leave_when_its_model_does_not_load_says_why() -> None:
    engine = Engine()
    engine.problem = NotReady("the weights are not there; set MODEL_NAME")
    with pytest.raises(Unavailable, match="the weights are not there"):
        async with service(engine, exit_on_failed_load=True) as running:
            await asyncio.wait([running.serving])


async def test_a_service_that_drains_lives_on_for_those_who_are_there_and_takes_nobody_in() -> None:
    async with service(Engine()) as running:
        await until(running.host, State.READY)
        with running.host.slot():
            running.stop.set()
            await until(running.host, State.DRAINING)
            await asyncio.sleep(0.05)
            assert await running.ask("") == await running.ask("sample") == NOT_SERVING
            assert await running.ask(ALIVE) == SERVING
        await asyncio.wait_for(running.serving, 2)
        with pytest.raises(grpc.aio.AioRpcError):
            await running.stub.Check(health_pb2.HealthCheckRequest(), timeout=1)


async def test_a_look_at_memory_that_fails_ends_nobodys_conversation(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0

    async def out_of_descriptors(host: EngineHost[Engine]) -> None:
        nonlocal looks
        looks += 1
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(service_process, "WEIGH_S", 0.01)
    async with service(Engine()) as running:
        await until(running.host, State.READY)
        monkeypatch.setattr(EngineHost, "weigh", out_of_descriptors)
        async with asyncio.timeout(5):
            while looks < 3:
                await asyncio.sleep(0.01)
        assert await running.ask("") == SERVING
