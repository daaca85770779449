"""What waits on lanes is counted where it waits, while its stream lives."""

import asyncio

from chassis.lane_gauges import LANES
from tests.support.measured import value
from tests.unit.chassis.trunks import HELLO, DownLane, Pair, connected, spoken, text, until


def queued(queue: str) -> tuple[float, float]:
    """On all lanes, and on the fullest."""
    return value("parley_lane_items", queue=queue), value("parley_lane_items_longest", queue=queue)


async def test_what_has_no_credit_is_unsent_and_what_nobody_takes_is_received() -> None:
    pair = Pair(window=2)
    with LANES.counting(pair.up), LANES.counting(pair.down):
        (first, _), (second, _) = pair.lane(1), pair.lane(2)
        async with pair.flowing():
            for lane, items in ((first, 5), (second, 3)):
                for _ in range(items):
                    lane.send(text("word"))
            await until(lambda: queued("received")[0] == 4)
        assert value("parley_lanes") == 4  # both ends are in this process
        assert queued("unsent") == (4, 3)
        assert queued("received") == (4, 2)


async def test_nothing_is_counted_of_a_stream_that_has_ended() -> None:
    pair = Pair()
    with LANES.counting(pair.up):
        upper, _ = pair.lane(1)
        upper.send(text("word"))
        assert queued("unsent") == (1, 1)
    assert value("parley_lanes") == 0
    assert queued("unsent") == (0, 0)


async def test_a_living_stream_is_counted_at_both_of_its_ends() -> None:
    async def hold(lane: DownLane) -> None:
        lane.send(spoken(1))
        await asyncio.Event().wait()

    async with connected(hold) as (client, service):
        lane = client.open(HELLO, "s1")
        await until(lambda: service.running == 1 and queued("received")[0] == 1)
        assert value("parley_lanes") == 2
        lane.cancel()
        await until(lambda: value("parley_lanes") == 0)
    assert value("parley_lanes") == 0
