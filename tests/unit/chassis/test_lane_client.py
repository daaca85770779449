"""The caller's end: a lost stream fails its lanes at once and is held again when the service is back."""

import asyncio
import time

import pytest

from chassis.faults import InvalidArgument, TooSlow, Unavailable
from chassis.lane_items import MESSAGE_BYTES
from chassis.lanes import Lane
from tests.unit.chassis.trunks import (
    HELLO,
    Client,
    DownLane,
    Service,
    UpLane,
    calling,
    echo,
    listening,
    text,
    until,
)

WINDOW = 8


async def sleep_for_ever(lane: DownLane) -> None:
    await asyncio.sleep(3600)


async def test_a_lost_stream_fails_its_lanes_at_once() -> None:
    service = Service(sleep_for_ever, WINDOW)
    async with listening(service) as port, calling(port, WINDOW) as client:
        await until(lambda: client.connected)
        lanes = [client.open(HELLO, "session") for _ in range(3)]
        await until(lambda: service.running == 3)
        waiting = asyncio.create_task(lanes[0].receive())
        await asyncio.sleep(0)
    # The server has stopped; whoever waited knows.
    for lane in lanes:
        with pytest.raises(Unavailable, match="was lost"):
            await lane.receive()
    with pytest.raises(Unavailable, match="was lost"):
        await waiting


async def test_a_lost_server_is_noticed_and_found_again_when_it_is_back() -> None:
    service = Service(echo, WINDOW)
    async with listening(service) as port:
        pass
    async with calling(port, WINDOW) as client:
        with pytest.raises(Unavailable, match="does not answer"):
            client.open(HELLO, "session")
        for _ in range(2):
            async with listening(service, port):
                await until(lambda: client.connected)
                lane = client.open(HELLO, "session")
                lane.send(text("three"))
                assert (await lane.receive()).turn == 5
            lost_at = time.monotonic()
            with pytest.raises(Unavailable):
                await lane.receive()
            await until(lambda: not client.connected)
            assert time.monotonic() - lost_at < 0.5
            with pytest.raises(Unavailable):
                client.open(HELLO, "session")


async def test_a_client_that_was_ended_is_not_taken_for_a_living_one() -> None:
    """It may be run again: until then nobody may open a lane on the stream of before."""
    async with listening(Service(echo, WINDOW)) as port:
        async with calling(port, WINDOW) as client:
            await until(lambda: client.connected)
        assert not client.connected
        with pytest.raises(Unavailable, match="does not answer"):
            client.open(HELLO, "session")


async def test_an_item_that_no_message_can_carry_leaves_no_lane_open() -> None:
    service = Service(sleep_for_ever, WINDOW)
    async with listening(service) as port, calling(port, WINDOW) as client:
        await until(lambda: client.connected)
        for _ in range(10):
            with pytest.raises(InvalidArgument, match="bytes at most"):
                client.open(text("x" * MESSAGE_BYTES), "session")
        assert client.open_lanes == 0
        client.open(HELLO, "session")
        await until(lambda: service.running == 1)


async def test_a_lane_whose_first_item_never_comes_is_ended_by_the_service() -> None:
    service = Service(sleep_for_ever, WINDOW, first_item_s=0.05)
    async with listening(service) as port, calling(port, WINDOW) as client:
        await until(lambda: client.connected)
        lane = client.open(HELLO, "session")
        await until(lambda: service.running == 1)
        with pytest.raises(TooSlow, match="first item"):
            await lane_without_item(client).receive()
        assert (service.running, client.open_lanes) == (1, 1), "the other lane is not touched"
        lane.cancel()


async def test_a_peer_that_is_known_to_be_stuck_is_dropped_and_its_lanes_learn_why() -> None:
    service = Service(sleep_for_ever, WINDOW)
    async with listening(service) as port, calling(port, WINDOW) as client:
        await until(lambda: client.connected)
        lane = client.open(HELLO, "session")
        client.drop(TooSlow("it has said nothing for 3 s"))
        with pytest.raises(TooSlow, match="said nothing"):
            await lane.receive()
        await until(lambda: client.connected)
        client.open(HELLO, "session")
        await until(lambda: service.streams == 2)


def lane_without_item(client: Client) -> UpLane:
    """As a caller of before would open it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lane, "send", lambda *_: None)
        return client.open(HELLO, "session")
