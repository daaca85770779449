"""Lanes between two trunks in memory: what travels in which message, whatever the interleaving."""

import asyncio
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import InvalidArgument, Overflow, Unavailable
from chassis.lane_items import MESSAGE_BYTES
from chassis.lanes import LaneEnded
from protos.parley.v1 import common_pb2
from protos.parley.v1 import tts_pb2 as pb
from tests.unit.chassis.trunks import DownLane, Pair, UpLane, spoken, text

LANES = 4
LARGEST_HEAD = 4
"""Bytes around the text of an item as large as a message."""


@st.composite
def programs(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Steps of a sender: send on a lane, urgent or not; let the loop run; wait for a tick."""
    step = st.tuples(st.sampled_from(["send", "send", "lazy", "pass", "tick"]), st.integers(0, LANES - 1))
    return draw(st.lists(step, max_size=120))


@settings(max_examples=60, deadline=None)
@given(programs(), st.integers(1, 12))
async def test_any_interleaving_arrives_complete_and_in_order_on_each_lane(
    program: list[tuple[str, int]], window: int
) -> None:
    async def collect(lane: DownLane) -> list[str]:
        return [item.text async for item in lane]

    pair = Pair(window)
    ends = [pair.lane(number + 1) for number in range(LANES)]
    sent: list[list[str]] = [[] for _ in range(LANES)]
    async with pair.flowing(), asyncio.TaskGroup() as group:
        readers = [group.create_task(collect(lower)) for _, lower in ends]
        for number, (step, index) in enumerate(program):
            if step in ("send", "lazy"):
                sent[index].append(f"{index}:{number}")
                ends[index][0].send(text(sent[index][-1]), urgent=step == "send")
            else:
                await asyncio.sleep(0.002 if step == "tick" else 0)
        for upper, _ in ends:
            upper.close()
    assert [reader.result() for reader in readers] == sent
    assert not pair.up.lanes
    assert not pair.down.lanes


def reaches(taken: list[int], count: int) -> bool:
    return len(taken) >= count


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not is_so():
            await asyncio.sleep(0.001)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), max_size=40), st.integers(1, 8), st.integers(0, 20))
async def test_a_sink_gets_what_waits_then_what_comes_then_the_end_and_no_more_than_it_has_room_for(
    consumes: list[bool], window: int, before: int
) -> None:
    pair = Pair(window)
    upper, lower = pair.lane(1)
    taken, ends = list[int](), list[Exception]()
    async with pair.flowing():
        for number in range(len(consumes)):
            upper.send(text(str(number)))
            await asyncio.sleep(0)
            if number == before:
                lower.pour(lambda item: taken.append(int(item.text)), ends.append)
            if number >= before and consumes[number] and len(taken) > lower._consumed:
                lower.consumed()
        await asyncio.sleep(0.01)
        if len(consumes) <= before:
            lower.pour(lambda item: taken.append(int(item.text)), ends.append)
        assert taken == list(range(len(taken)))
        assert len(taken) <= window + sum(consumes)
        assert ends == []
        while len(taken) < len(consumes):
            more = len(taken) + 1
            for _ in range(window):
                lower.consumed()
            await until(partial(reaches, taken, more))  # room that was told of is used
        upper.close()
        await until(lambda: bool(ends))
        assert taken == list(range(len(consumes)))
        (end,) = ends
        assert isinstance(end, LaneEnded)


async def test_a_sink_of_a_lane_that_has_ended_is_told_at_once() -> None:
    pair = Pair(4)
    upper, lower = pair.lane(1)
    async with pair.flowing():
        upper.send(text("1"))
        upper.fail(Unavailable("gone"))
        upper.cancel()
        await asyncio.sleep(0.01)
        taken, ends = list[str](), list[Exception]()
        lower.pour(lambda item: taken.append(item.text), ends.append)
        assert (taken, [str(end) for end in ends]) == (["1"], ["gone"]), "what there was room for came first"
        lower.cancel()
        assert len(ends) == 1


async def test_a_cancel_overtakes_everything_that_is_queued() -> None:
    pair = Pair(window=4)
    upper, _ = pair.lane(1)
    other, _ = pair.lane(2)
    for number in range(50):
        upper.send(text(f"dead {number}"))
    other.send(text("alive"))
    upper.cancel()
    async with pair.flowing():
        await asyncio.sleep(0.01)
    first = pair.sent[0].items[0]
    assert (first.lane, first.control.WhichOneof("kind")) == (1, "cancel")
    assert first.control.cancel.turn == 1
    assert [item.text for message in pair.sent for item in message.items if item.text] == ["alive"]


async def test_what_is_ready_on_many_lanes_travels_in_one_message() -> None:
    pair = Pair(window=64)
    async with pair.flowing():
        uppers = [pair.lane(number + 1)[0] for number in range(20)]
        for upper in uppers:
            upper.send(text("audio"), urgent=False)
        await asyncio.sleep(0.02)
    assert [len(message.items) for message in pair.sent] == [20]


async def test_an_urgent_item_takes_along_what_waits_for_the_tick() -> None:
    pair = Pair()
    async with pair.flowing():
        lazy, urgent = pair.lane(1)[0], pair.lane(2)[0]
        lazy.send(text("lazy"), urgent=False)
        urgent.send(text("urgent"))
        await asyncio.sleep(0.01)
    assert [[item.text for item in message.items] for message in pair.sent] == [["lazy", "urgent"]]


async def test_what_becomes_ready_while_a_message_is_under_way_waits_for_the_tick_too() -> None:
    pair = Pair(window=64)
    first, second = pair.lane(1)[0], pair.lane(2)[0]
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def write(message: pb.SpeakRequest) -> None:
        pair.sent.append(message)
        under_way.set()
        await go_on.wait()

    pair.up._write = write
    async with pair.flowing():
        first.send(text("1"))
        await under_way.wait()
        first.send(text("2"), urgent=False)
        go_on.set()
        await asyncio.sleep(0)
        second.send(text("3"), urgent=False)
        await asyncio.sleep(0.02)
        assert [[item.text for item in message.items] for message in pair.sent] == [["1"], ["2", "3"]]
        under_way.clear()
        go_on.clear()
        first.send(text("4"))
        await under_way.wait()
        first.send(text("5"))
        go_on.set()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert pair.sent[-1].items[0].text == "5", "what is urgent does not"


async def test_the_largest_items_leave_one_after_another() -> None:
    pair = Pair()
    lanes = [pair.lane(number + 1) for number in range(3)]
    async with pair.flowing():
        for upper, _ in lanes:
            upper.send(text("x" * (MESSAGE_BYTES - LARGEST_HEAD)))
            with pytest.raises(InvalidArgument):
                upper.send(text("x" * (MESSAGE_BYTES - LARGEST_HEAD + 1)))
        for _, lower in lanes:
            await lower.receive()
    assert [len(message.items) for message in pair.sent if message.items[0].text] == [1, 1, 1]


async def test_a_close_comes_after_all_that_was_queued_before_it() -> None:
    pair = Pair(window=3)
    upper, lower = pair.lane(1)
    async with pair.flowing():
        for number in range(10):
            upper.send(text(str(number)))
        upper.close()
        with pytest.raises(Unavailable, match="closed"):
            upper.send(text("late"))
        assert [item.text async for item in lower] == [str(number) for number in range(10)]
        with pytest.raises(LaneEnded):
            await lower.receive()


async def test_a_peer_that_sends_more_than_its_credit_loses_that_lane_alone() -> None:
    pair = Pair(window=2)
    upper, lower = pair.lane(1)
    well, _ = pair.lane(2)
    for _ in range(3):
        item = text("too much")
        item.lane = 1
        pair.down.deliver(item)
    async with pair.flowing():
        with pytest.raises(Overflow, match="more items were sent"):
            await upper.receive()
        assert set(pair.up.lanes) == set(pair.down.lanes) == {2}
        well.send(text("alive"))
        assert (await pair.down.lanes[2].receive()).text == "alive"
    assert lower.waiting == 2


async def test_items_for_lanes_that_have_gone_are_dropped() -> None:
    pair = Pair()
    upper, _ = pair.lane(1)
    upper.cancel()
    late = spoken(1)
    late.lane = 1
    pair.up.deliver(late)
    unknown = spoken(1)
    unknown.lane = 99
    unknown.control.credit.CopyFrom(common_pb2.LaneCredit(items=3))
    pair.up.deliver(unknown)
    assert upper.waiting == 0
    assert not pair.up.lanes


async def test_a_failed_trunk_wakes_all_who_wait() -> None:
    pair = Pair(window=1)
    ends = [pair.lane(number + 1)[0] for number in range(3)]

    async def wait(lane: UpLane) -> str:
        try:
            await lane.receive()
        except Unavailable as fault:
            return str(fault)
        return ""

    async def push(lane: UpLane) -> str:
        try:
            for _ in range(5):
                await lane.put(text("x"))
        except Unavailable as fault:
            return str(fault)
        return ""

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(wait(lane)) for lane in ends]
        tasks += [group.create_task(push(lane)) for lane in ends]
        await asyncio.sleep(0)
        pair.up.fail(Unavailable("gone"))
    assert [task.result() for task in tasks] == ["gone"] * 6
    assert not pair.up.lanes
