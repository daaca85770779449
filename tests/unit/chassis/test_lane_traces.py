"""Traces cross a lane: in its opening, and part by part on a lane that outlives them. A bad one is none."""

import asyncio
from collections.abc import Iterator

import pytest

from chassis.faults import NoSlot
from chassis.lane_items import EARLY_ITEMS
from chassis.lane_traces import MAX_PARTS, LaneTraces
from chassis.tracing import NOTHING, begin_trace
from protos.parley.v1 import common_pb2
from tests.support.spans import Keeper, keeping
from tests.unit.chassis.trunks import HELLO, DownLane, Pair, connected, echo, spoken, text, until

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with keeping() as kept:
        yield kept


async def work(lane: DownLane) -> None:
    """What the text says: answer, fail, or go on for ever."""
    item = await lane.receive()
    lane.traces.span.event("began")
    if item.text == "fail":
        raise NoSlot("full of secrets")
    if item.text == "break":
        raise ZeroDivisionError("secrets")
    if item.text == "hang":
        await asyncio.Event().wait()
    await lane.put(spoken(1))


async def test_the_work_of_a_lane_is_caused_by_who_opened_it(keeper: Keeper) -> None:
    root = begin_trace("turn")
    async with connected(work) as (client, _):
        lane = client.open(HELLO, "s1", 7, root.traceparent)
        lane.send(text("go"))
        await lane.receive()
        await until(lambda: keeper.one("lane").ends == 1)
    served = keeper.one("lane")
    assert served.parent is root
    assert served.values == {"session": "s1", "turn": 7}
    assert served.events == ["began"]
    assert served.failures == []


@pytest.mark.parametrize(("order", "code"), [("fail", "NoSlot"), ("break", "ZeroDivisionError")])
async def test_work_that_fails_says_how_in_no_words(keeper: Keeper, order: str, code: str) -> None:
    root = begin_trace("turn")
    async with connected(work) as (client, _):
        client.open(HELLO, "s1", 1, root.traceparent).send(text(order))
        await until(lambda: bool(keeper.named("lane")) and keeper.one("lane").ends == 1)
    assert keeper.one("lane").failures == [code]


async def test_work_that_is_cancelled_ends_its_span(keeper: Keeper) -> None:
    root = begin_trace("turn")
    async with connected(work) as (client, _):
        lane = client.open(HELLO, "s1", 1, root.traceparent)
        lane.send(text("hang"))
        await until(lambda: bool(keeper.named("lane")) and bool(keeper.one("lane").events))
        lane.cancel()
        await until(lambda: keeper.one("lane").ends == 1)
    assert keeper.one("lane").values["cancelled"] is True


async def test_a_lost_stream_ends_the_spans_of_its_lanes(keeper: Keeper) -> None:
    root = begin_trace("turn")
    async with connected(work) as (client, service):
        for _ in range(3):
            client.open(HELLO, "s1", 1, root.traceparent).send(text("hang"))
        await until(lambda: service.running == 3)
    await until(lambda: all(span.ends == 1 for span in keeper.named("lane")))
    assert len(keeper.named("lane")) == 3


@pytest.mark.parametrize("traceparent", ["", "rubbish", PARENT, "é" * 1000])
async def test_a_lane_without_a_known_cause_works_untraced(keeper: Keeper, traceparent: str) -> None:
    async with connected(echo) as (client, _):
        lane = client.open(HELLO, "s1", 1, traceparent)
        lane.send(text("three"))
        assert (await lane.receive()).turn == 5
    assert keeper.spans == []


async def test_a_part_of_a_lane_is_told_its_cause_without_credit() -> None:
    kept: list[str] = []

    traced = asyncio.Event()

    async def serve(lane: DownLane) -> None:
        await traced.wait()
        while (await lane.receive()).text != "now":
            pass
        kept.extend(lane.traces.take(part) for part in (3, 3, 4))

    async with connected(serve, window=EARLY_ITEMS) as (client, _):
        lane = client.open(HELLO, "s1")
        for _ in range(EARLY_ITEMS):
            lane.send(text("before"))
        for _ in range(5):
            lane.trace_part(3, PARENT)
        lane.send(text("now"))
        await until(lambda: lane.unsent == 2)
        traced.set()
        await until(lambda: len(kept) == 3)
    assert kept == [PARENT, "", ""]


async def test_who_does_not_know_what_a_trace_is_passes_over_it() -> None:
    """As a peer does that was built before there were any, and a caller who is told one."""
    pair = Pair()
    async with pair.flowing():
        upper, lower = pair.lane(1)
        upper.trace_part(1, PARENT)
        lower.trace_part(1, PARENT)
        upper.send(text("hello"))
        assert (await lower.receive()).text == "hello"
    assert upper.traces.span is lower.traces.span is NOTHING


def test_parts_that_nobody_asks_for_are_forgotten() -> None:
    traces = LaneTraces()
    for part in range(1, MAX_PARTS + 5):
        traces.keep(common_pb2.LaneTrace(part=part, traceparent=PARENT))
    assert [traces.take(part) for part in (4, 5, MAX_PARTS + 4)] == ["", PARENT, PARENT]


def test_a_cause_too_long_to_be_one_is_not_kept() -> None:
    traces = LaneTraces()
    traces.keep(common_pb2.LaneTrace(part=1, traceparent=PARENT * 100))
    assert traces.take(1) == ""
