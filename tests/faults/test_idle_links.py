"""Links on which nothing is said are held by pings that both ends allow. Runs last, to have let time pass."""

import asyncio
import time

from tests.faults.conftest import Idle
from tests.faults.talking import connected, converse

IDLE_S = 70.0


async def test_links_that_were_idle_for_70_seconds_were_not_lost(idle: Idle) -> None:
    await asyncio.sleep(max(idle.since + IDLE_S - time.monotonic(), 0))
    for name in ("gateway", "stt", "llm", "tts", "analysis"):
        log = idle.cluster.log(name)
        assert "too_many_pings" not in log
        assert "ENHANCE_YOUR_CALM" not in log
    assert "link down" not in idle.cluster.log("gateway")
    async with connected(idle.cluster.ws) as client:
        await converse(client)
