"""A busy event loop shows in the numbers, an idle one does not."""

import asyncio
import time

from chassis import loop_gauges
from chassis.loop_gauges import SLEEP_S, watch_loop
from tests.support.measured import moving, value


async def watched(body_s: float, stall_s: float = 0.0) -> None:
    watcher = asyncio.create_task(watch_loop())
    await asyncio.sleep(0)
    time.sleep(stall_s)
    await asyncio.sleep(body_s)
    watcher.cancel()
    await asyncio.wait([watcher])


async def test_a_stall_of_half_a_second_is_seen() -> None:
    with (
        moving("parley_loop_lag_seconds_count") as woken,
        moving("parley_loop_lag_seconds_bucket", le="0.3") as in_time,
    ):
        await watched(SLEEP_S, stall_s=0.5)
    assert woken.by >= 1
    assert woken.by - in_time.by == 1


async def test_an_idle_loop_wakes_its_sleepers_in_time() -> None:
    with (
        moving("parley_loop_lag_seconds_count") as woken,
        moving("parley_loop_lag_seconds_bucket", le="0.3") as in_time,
    ):
        await watched(SLEEP_S * 3.5)
    assert in_time.by == woken.by >= 2


async def test_tasks_are_counted_each_second() -> None:
    async with asyncio.TaskGroup() as group:
        sleepers = [group.create_task(asyncio.sleep(60)) for _ in range(7)]
        await watched(0.01)
        for sleeper in sleepers:
            sleeper.cancel()
    assert loop_gauges.SLEEPS_A_COUNT * SLEEP_S == 1.0
    # The seven, the watcher, this test and the check for leaks around it.
    assert value("parley_tasks") in (9, 10)
