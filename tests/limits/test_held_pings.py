"""Pings of one who is held back: its answers lie behind what is not read yet, and it is not dead."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.limits.own_gateway import Gateway, own_gateway
from tests.limits.test_rates import AI_TALK, whole_recording
from tests.limits.test_slow_reader import open_deaf
from tests.support.client import talking_to
from tests.support.cluster import Cluster


@pytest.fixture(scope="module")
def pinging(door: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Every second, and a second for the answer."""
    settings = {"WS_PING_INTERVAL": "1", "WS_PING_TIMEOUT": "1"}
    with own_gateway(door, tmp_path_factory.mktemp("pinging"), settings) as gateway:
        yield gateway


async def test_one_who_is_held_back_for_longer_than_a_ping_may_take_is_not_hung_up_on(
    pinging: Gateway,
) -> None:
    recording = whole_recording(30)
    async with talking_to(f"{pinging.ws}{AI_TALK}", ping_interval=None) as client:
        await client.wait_type("connected")
        for _ in range(2):
            await client.socket.send(recording)
        await asyncio.sleep(5)
        assert client.closed is None
        client.socket.transport.abort()


async def test_one_who_answers_no_ping_and_sends_nothing_is_still_hung_up_on(pinging: Gateway) -> None:
    port = int(pinging.url.rsplit(":", 1)[1])
    reader, writer = await open_deaf(port)
    reader._transport.resume_reading()  # type: ignore[attr-defined]  # it reads, and answers nothing
    async with asyncio.timeout(6):
        while await reader.read(4096):
            pass
    writer.transport.abort()
