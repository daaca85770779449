"""The caller's end: a lost stream fails its lanes at once and is held again when the service is back."""

import asyncio
import time

import pytest

from chassis.faults import Unavailable
from tests.support.leaks import run
from tests.unit.chassis.trunks import DownLane, Service, calling, echo, listening, text, until

WINDOW = 8


async def sleep_for_ever(lane: DownLane) -> None:
    await asyncio.sleep(3600)


def test_a_lost_stream_fails_its_lanes_at_once() -> None:
    async def main() -> None:
        service = Service(sleep_for_ever, WINDOW)
        async with listening(service) as port, calling(port, WINDOW) as client:
            await until(lambda: client.connected)
            lanes = [client.open("session") for _ in range(3)]
            await until(lambda: service.running == 3)
            waiting = asyncio.create_task(lanes[0].receive())
            await asyncio.sleep(0)
        # The server has stopped; whoever waited knows.
        for lane in lanes:
            with pytest.raises(Unavailable, match="was lost"):
                await lane.receive()
        with pytest.raises(Unavailable, match="was lost"):
            await waiting

    run(main())


def test_a_lost_server_is_noticed_and_found_again_when_it_is_back() -> None:
    async def main() -> None:
        service = Service(echo, WINDOW)
        async with listening(service) as port:
            pass
        async with calling(port, WINDOW) as client:
            with pytest.raises(Unavailable, match="does not answer"):
                client.open("session")
            for _ in range(2):
                async with listening(service, port):
                    await until(lambda: client.connected)
                    lane = client.open("session")
                    lane.send(text("three"))
                    assert (await lane.receive()).turn == 5
                lost_at = time.monotonic()
                with pytest.raises(Unavailable):
                    await lane.receive()
                await until(lambda: not client.connected)
                assert time.monotonic() - lost_at < 0.5
                with pytest.raises(Unavailable):
                    client.open("session")

    run(main())


def test_a_client_that_was_ended_is_not_taken_for_a_living_one() -> None:
    """It may be run again: until then nobody may open a lane on the stream of before."""

    async def main() -> None:
        async with listening(Service(echo, WINDOW)) as port:
            async with calling(port, WINDOW) as client:
                await until(lambda: client.connected)
            assert not client.connected
            with pytest.raises(Unavailable, match="does not answer"):
                client.open("session")

    run(main())
