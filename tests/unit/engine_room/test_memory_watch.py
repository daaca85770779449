"""What a service holds is looked at again and again, not only when a model has been loaded."""

import asyncio
from itertools import count

import pytest

from engine_room.engine_host import EngineHost
from engine_room.gpu_guard import GpuGuard, GpuTerms
from engine_room.held_memory import Held
from engine_room.service_process import weigh_often
from tests.support.measured import value
from tests.unit.chassis.trunks import until
from tests.unit.engine_room.sample_engine import Engine


async def test_what_is_held_is_shown_as_it_grows(monkeypatch: pytest.MonkeyPatch) -> None:
    grown = count(1)
    monkeypatch.setattr("engine_room.service_process.WEIGH_S", 0.001)
    monkeypatch.setattr("engine_room.engine_host.weigh", lambda: Held(1_000, 100 * next(grown)))
    host = EngineHost(Engine())
    host.guard = GpuGuard(GpuTerms())
    watcher = asyncio.create_task(weigh_often(host))
    await until(lambda: value("parley_gpu_held_bytes") >= 500)
    held = value("parley_gpu_held_bytes")
    assert value("parley_memory_held_bytes") in (1_000 + held, 1_100 + held)
    watcher.cancel()
    await asyncio.wait([watcher])
