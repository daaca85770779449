"""Credit: a sender is never further ahead than its peer has room for, and learns of room in time."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.lane_trunk import LATER_S
from chassis.lanes import MANY_ITEMS
from tests.support.virtual_time import run_virtual
from tests.unit.chassis.trunks import Pair, UpLane, spoken, text


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 10), st.integers(0, 60), st.integers(0, 60))
async def test_a_paced_producer_is_never_further_ahead_than_the_window(
    window: int, made: int, taken: int
) -> None:
    async def produce(upper: UpLane, put: list[int]) -> None:
        for number in range(made):
            await upper.put(text(str(number)))
            put.append(number)
        upper.close()

    pair, put = Pair(window), list[int]()
    upper, lower = pair.lane(1)
    async with pair.flowing(), asyncio.TaskGroup() as group:
        group.create_task(produce(upper, put))
        read = 0
        for _ in range(min(taken, made)):
            assert int((await lower.receive()).text) == read
            read += 1
            assert len(put) <= read + window
        await asyncio.sleep(0.01)
        assert len(put) <= read + window
        assert lower.waiting <= window
        assert [int(item.text) async for item in lower] == list(range(read, made))


def test_a_producer_waits_for_its_own_queue_too_and_goes_on_when_that_has_left() -> None:
    async def main() -> None:
        pair = Pair(window=64)
        pair.up.wire = replace(pair.up.wire, queue_items=2)
        upper, lower = pair.lane(1)
        async with pair.flowing(), asyncio.timeout(1):
            for number in range(10):
                await upper.put(text(str(number)), urgent=False)
                assert upper.unsent <= 2
            assert [int((await lower.receive()).text) for _ in range(10)] == list(range(10))

    run_virtual(main())


@pytest.mark.parametrize(("window", "soon"), [(4, True), (4, False), (4 * MANY_ITEMS, True)])
def test_credit_goes_with_what_is_sent_next_unless_it_is_wanted_soon(window: int, soon: bool) -> None:
    async def main() -> None:
        pair = Pair(window)
        upper, lower = pair.lane(1)
        async with pair.flowing():
            for _ in range(window // 2):
                upper.send(text("x"))
            lower.pour(lambda _: lower.consumed(soon), lambda _: None)
            await asyncio.sleep(LATER_S / 2)
            is_told_soon = soon and window <= MANY_ITEMS
            assert upper._send_credit == (window if is_told_soon else window // 2)
            lower.send(spoken(1), urgent=False)
            await upper.receive()
            assert upper._send_credit == window

    run_virtual(main())


def test_credit_that_nothing_is_sent_with_is_told_all_the_same() -> None:
    async def main() -> None:
        pair = Pair(window=2)
        upper, lower = pair.lane(1)
        async with pair.flowing(), asyncio.timeout(LATER_S * 5):
            lower.pour(lambda _: lower.consumed(soon=False), lambda _: None)
            for _ in range(6):
                await upper.put(text("x"))

    run_virtual(main())
