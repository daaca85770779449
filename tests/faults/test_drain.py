"""SIGTERM: the reply under way is finished, newcomers are refused, then the sockets close with 1012."""

import signal
import time
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.faults.talking import PATH, begin, complete, connected, errors, until
from tests.limits.own_gateway import own_gateway, status_of
from tests.support.cluster import Cluster

DRAIN_S = 5


async def test_a_leaving_gateway_finishes_its_replies_and_takes_no_new_ones(
    victim: Cluster, tmp_path: Path
) -> None:
    with own_gateway(victim, tmp_path, {"DRAIN_S": str(DRAIN_S)}) as gateway:
        async with connected(gateway.ws) as client, connected(gateway.ws) as idler:
            turn = await begin(client, "say:3s")
            await client.wait_audio()
            gateway.process.send_signal(signal.SIGTERM)
            await until(lambda: status_of(f"{gateway.url}/ready") == 503, 2, "the gateway to be unready")
            for _ in range(5):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(f"{gateway.ws}{PATH}")
                assert refused.value.response.status_code == 503
                assert "Retry-After" in refused.value.response.headers
            assert status_of(f"{gateway.url}/health") == 200
            assert (await complete(client, turn, 6))["interrupted"] is False
            assert len(client.audio()) == 3 * 2 * 24_000
            assert not errors(client)
            code, reason = await client.wait_closed(DRAIN_S + 3)
            assert code == 1012
            assert "leaving" in reason
            assert (await idler.wait_closed(2))[0] == 1012
        await until(lambda: gateway.process.poll() is not None, 8, "the gateway to end")
        assert gateway.process.returncode == 0
        assert "Traceback" not in gateway.log()


def test_a_leaving_gateway_with_nobody_in_it_is_gone_at_once(victim: Cluster, tmp_path: Path) -> None:
    with own_gateway(victim, tmp_path, {"DRAIN_S": "30"}) as gateway:
        began = time.monotonic()
        gateway.process.send_signal(signal.SIGTERM)
        assert gateway.process.wait(10) == 0
        assert time.monotonic() - began < 10


async def test_a_second_signal_ends_the_drain(victim: Cluster, tmp_path: Path) -> None:
    with own_gateway(victim, tmp_path, {"DRAIN_S": "60"}) as gateway:
        async with connected(gateway.ws) as client:
            await begin(client, "say:60s")
            await client.wait_audio()
            gateway.process.send_signal(signal.SIGTERM)
            await until(lambda: status_of(f"{gateway.url}/ready") == 503, 2, "the gateway to be unready")
            gateway.process.send_signal(signal.SIGTERM)
            await until(lambda: gateway.process.poll() is not None, 8, "the gateway to end")
            await client.wait_closed(2)
