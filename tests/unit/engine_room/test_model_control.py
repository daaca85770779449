"""What is told of a model to whoever watches it."""

import asyncio
import time
from typing import Any

import pytest

from engine_room import model_control
from engine_room.engine_host import EngineHost
from engine_room.model_control import MANY_PLACES, ModelControl
from protos.parley.v1 import control_pb2 as pb
from tests.unit.engine_room.sample_engine import Engine

APART_S = 0.05


@pytest.mark.parametrize("slots", [2, MANY_PLACES + 4])
async def test_the_last_status_is_right_and_there_are_few_while_nobody_is_refused(
    monkeypatch: pytest.MonkeyPatch, slots: int
) -> None:
    monkeypatch.setattr(model_control, "STATUS_APART_S", APART_S)
    host = EngineHost(Engine(slots))
    await host.load()
    context: Any = None
    seen: list[int] = []

    async def watch() -> None:
        nonlocal seen
        async for status in ModelControl("stt", host, 1).Watch(pb.StatusRequest(), context):
            seen += [status.slots_free]

    watching = asyncio.create_task(watch())
    began = time.monotonic()
    for _ in range(100):
        with host.slot():
            await asyncio.sleep(0.001)
    with host.slot():
        async with asyncio.timeout(2):
            while seen[-1] != slots - 1:
                await asyncio.sleep(0.001)
        few = (time.monotonic() - began) / APART_S + 2
        are_few = len(seen) <= few
        assert are_few == (slots > MANY_PLACES)
    async with asyncio.timeout(2):
        while seen[-1] != slots:
            await asyncio.sleep(0.001)
    watching.cancel()
