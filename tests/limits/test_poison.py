"""Valid JSON that only later steps choke on: a gateway of its own, for what is poison may end the process."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.limits.bystander import assert_answered, connected
from tests.limits.own_gateway import Gateway, own_gateway, status_of
from tests.support.cluster import Cluster

NINES = "9" * 400


@pytest.fixture
def alone(door: Cluster, tmp_path: Path) -> Iterator[Gateway]:
    with own_gateway(door, tmp_path, {}) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(
            '{"type":"text","text":"\\u0000\\u001b[31m\\udfff good day"}', id="half a character typed"
        ),
        pytest.param('{"type":"set_level","level":"\\ud800"}', id="half a character as level"),
        pytest.param(f'{{"type":"playback","turn":1,"played_ms":{NINES}}}', id="a number of 400 figures"),
    ],
)
async def test_one_message_ends_neither_its_session_nor_anybody_elses(alone: Gateway, message: str) -> None:
    async with connected(alone.ws) as healthy, connected(alone.ws) as client:
        await client.socket.send(message)
        await client.wait(lambda m: m["type"] in ("error", "turn_complete"), 5)
        await asyncio.sleep(0.7)  # what was said is written meanwhile
        await assert_answered(healthy)
        await assert_answered(client)
    assert alone.process.poll() is None
    assert status_of(f"{alone.url}/health") == 200
    assert "Traceback" not in alone.log()
