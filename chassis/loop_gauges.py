"""How the event loop of a process feels: how late it wakes who sleeps, and how many tasks it has."""

import asyncio
import time

from prometheus_client import Gauge, Histogram

from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY

LAG = Histogram(
    "parley_loop_lag_seconds",
    "How much later than asked the event loop wakes a sleeper",
    buckets=(0.001, 0.002, 0.005, *LATENCY_BUCKETS_S),
    registry=REGISTRY,
)
TASKS = Gauge("parley_tasks", "Tasks of the event loop", registry=REGISTRY)

SLEEP_S = 0.1
"""A stall is seen by the sleeper that it delays: one this short sees all but the last 100 ms of it."""
SLEEPS_A_COUNT = 10


async def watch_loop() -> None:
    """Until cancelled. The clock is not the loop's own, which stands still while the loop is busy."""
    while True:
        TASKS.set(len(asyncio.all_tasks()))
        for _ in range(SLEEPS_A_COUNT):
            due = time.monotonic() + SLEEP_S
            await asyncio.sleep(SLEEP_S)
            LAG.observe(max(time.monotonic() - due, 0.0))
