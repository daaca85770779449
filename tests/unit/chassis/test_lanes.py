"""Lanes on a real stream: each is paced, ended and failed alone; the stream outlives them all."""

import asyncio
import time

import pytest

from chassis.faults import (
    Fault,
    InternalFault,
    InvalidArgument,
    NoSlot,
    NotReady,
    Overflow,
    TooSlow,
    Unavailable,
    Unsupported,
)
from chassis.lane_items import EARLY_ITEMS, MESSAGE_BYTES
from chassis.lanes import LaneEnded
from protos.parley.v1 import tts_pb2 as pb
from tests.unit.chassis.trunks import (
    HELLO,
    Client,
    DownLane,
    UpLane,
    connected,
    echo,
    spoken,
    text,
    until,
)

WINDOW = 8


async def sleep_for_ever(lane: DownLane) -> None:
    await asyncio.sleep(3600)


async def flood(lane: UpLane) -> None:
    """More than anybody takes."""
    for _ in range(1000):
        lane.send(text("x"))
        await asyncio.sleep(0)


async def test_an_echo_comes_back_in_order_and_the_lane_ends_at_both_ends() -> None:
    async with connected(echo) as (client, service):
        lane = client.open(HELLO, "session")
        for length in range(20):
            lane.send(text("x" * length))
        assert [(await lane.receive()).turn for _ in range(20)] == list(range(20))
        lane.close()
        await until(lambda: client.open_lanes == 0 and service.running == 0)


async def test_a_lane_ends_when_the_service_has_done_its_job() -> None:
    async def serve(lane: DownLane) -> None:
        await lane.put(spoken(7))

    async with connected(serve) as (client, _):
        lane = client.open(HELLO, "session")
        assert [item.turn async for item in lane] == [7]
        assert client.open_lanes == 0


async def test_a_service_sees_whose_lane_it_is() -> None:
    seen: list[tuple[str, int]] = []

    async def serve(lane: DownLane) -> None:
        seen.append((lane.session, lane.turn))

    async with connected(serve) as (client, _):
        lane = client.open(HELLO, "session-1", turn=42)
        with pytest.raises(LaneEnded):
            await lane.receive()
    assert seen[0] == ("session-1", 42)


async def test_a_producer_is_paced_by_a_consumer_that_reads_nothing() -> None:
    made = 0

    async def serve(lane: DownLane) -> None:
        nonlocal made
        for number in range(100):
            await lane.put(spoken(number))
            made += 1

    async with connected(serve, WINDOW) as (client, _):
        lane = client.open(HELLO, "session")
        await until(lambda: lane.waiting == WINDOW)
        await asyncio.sleep(0.1)
        assert (made, lane.waiting) == (WINDOW, WINDOW)
        for _ in range(WINDOW):
            await lane.receive()
        await until(lambda: made == 2 * WINDOW)
        assert [item.turn async for item in lane] == list(range(WINDOW, 100))


async def test_the_first_items_go_with_the_opening_and_no_more_than_the_window_before_they_are_taken() -> (
    None
):
    async with connected(sleep_for_ever, WINDOW) as (client, service):
        written = spy(client)
        lane = client.open(HELLO, "session")
        for _ in range(2 * WINDOW):
            lane.send(text("x"))
        await until(lambda: service.running == 1)
        await asyncio.sleep(0.1)
        first = [item.WhichOneof("body") for item in written[0].items]
        assert first == ["control", "config", *["text"] * (EARLY_ITEMS - 1)]
        assert lane.unsent == WINDOW + 1


def spy(client: Client) -> list[pb.SpeakRequest]:
    """What the client writes from now on."""
    written: list[pb.SpeakRequest] = []
    trunk = client._trunk
    assert trunk is not None
    write = trunk._write

    async def note(message: pb.SpeakRequest) -> None:
        written.append(message)
        await write(message)

    trunk._write = note
    return written


async def test_a_lane_that_overflows_fails_alone() -> None:
    async def serve(lane: DownLane) -> None:
        await (sleep_for_ever(lane) if lane.session == "deaf" else echo(lane))

    async with connected(serve, WINDOW) as (client, service):
        deaf, well = client.open(HELLO, "deaf"), client.open(HELLO, "well")
        await until(lambda: service.running == 2)
        with pytest.raises(Overflow, match="256 items wait unsent"):
            await flood(deaf)
        with pytest.raises(Overflow):
            await deaf.receive()
        with pytest.raises(Overflow):
            deaf.send(text("again"))
        await until(lambda: service.cancelled == 1)
        well.send(text("four"))
        assert (await well.receive()).turn == 4
        assert (service.streams, client.open_lanes) == (1, 1)


async def test_a_cancel_ends_the_services_task_within_50_ms_and_the_stream_lives_on() -> None:
    async with connected(sleep_for_ever, WINDOW) as (client, service):
        lane = client.open(HELLO, "session", turn=1)
        for _ in range(200):
            lane.send(text("y" * 1000))
        await until(lambda: service.running == 1)
        cancelled_at = time.monotonic()
        lane.cancel()
        await until(lambda: service.cancelled == 1)
        assert service.cancelled_at - cancelled_at < 0.05
        with pytest.raises(LaneEnded):
            await lane.receive()
        client.open(HELLO, "session", turn=2)
        await until(lambda: service.started == 2)
        assert service.streams == 1


async def test_a_cancelled_lane_takes_nothing_more_to_send() -> None:
    async with connected(echo) as (client, _):
        lane = client.open(HELLO, "session")
        lane.cancel()
        lane.cancel()
        with pytest.raises(Unavailable):
            lane.send(text("late"))
        with pytest.raises(Unavailable):
            await lane.put(text("late"))


@pytest.mark.parametrize(
    "kind",
    [InvalidArgument, Unsupported, Overflow, Unavailable, NoSlot, TooSlow, NotReady, InternalFault],
)
async def test_a_services_fault_reaches_the_peer_as_the_same_class(kind: type[Fault]) -> None:
    async def serve(lane: DownLane) -> None:
        raise kind("what was wrong and how to put it right")

    async with connected(serve) as (client, service):
        lane = client.open(HELLO, "session")
        with pytest.raises(Fault, match=r"^what was wrong and how to put it right$") as caught:
            await lane.receive()
        assert type(caught.value) is kind
        assert client.open_lanes == 0
        assert service.streams == 1


async def test_what_was_sent_before_a_fault_is_received_before_it() -> None:
    async def serve(lane: DownLane) -> None:
        await lane.put(spoken(1))
        await asyncio.sleep(0.05)
        raise NoSlot("full")

    async with connected(serve) as (client, _):
        lane = client.open(HELLO, "session")
        assert (await lane.receive()).turn == 1
        with pytest.raises(NoSlot):
            await lane.receive()


async def test_an_unknown_exception_becomes_internal_without_its_text() -> None:
    async def serve(lane: DownLane) -> None:
        raise KeyError("the password is hunter2")

    async with connected(serve) as (client, _):
        lane = client.open(HELLO, "session")
        with pytest.raises(InternalFault) as caught:
            await lane.receive()
        assert "hunter2" not in str(caught.value)
        assert "internal error" in str(caught.value)


async def test_a_thousand_opened_and_cancelled_lanes_leave_nothing() -> None:
    async with connected(sleep_for_ever, WINDOW) as (client, service):
        before = len(asyncio.all_tasks())
        for number in range(1000):
            lane = client.open(HELLO, "session", turn=number)
            lane.send(text("x"))
            lane.cancel()
            if number % 10 == 0:
                await asyncio.sleep(0)
        last = client.open(HELLO, "session")
        await until(lambda: service.started - service.cancelled == 1 and service.running == 1)
        assert client.open_lanes == 1
        assert len(asyncio.all_tasks()) == before + 1
        last.cancel()
        await until(lambda: service.running == 0)
        assert (client.open_lanes, service.streams) == (0, 1)
        await until(lambda: len(asyncio.all_tasks()) == before)


async def test_an_item_over_half_a_mebibyte_is_refused_and_the_lane_lives() -> None:
    async with connected(echo) as (client, _):
        lane = client.open(HELLO, "session")
        with pytest.raises(InvalidArgument, match=f"{MESSAGE_BYTES} bytes at most"):
            lane.send(text("x" * MESSAGE_BYTES))
        lane.send(text("four"))
        assert (await lane.receive()).turn == 4


async def test_the_largest_items_of_many_lanes_at_once_do_not_break_the_stream() -> None:
    largest = MESSAGE_BYTES - 7  # with its lane and framing just under the bound
    async with connected(echo) as (client, service):
        lanes = [client.open(HELLO, "session") for _ in range(4)]
        for lane in lanes:
            for _ in range(2):
                lane.send(text("x" * largest))
        for lane in lanes:
            assert [(await lane.receive()).turn for _ in range(2)] == [largest, largest]
        assert service.streams == 1
