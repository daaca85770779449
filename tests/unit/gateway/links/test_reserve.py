"""A place at the recogniser is confirmed before anybody comes in."""

import asyncio
from collections.abc import Callable

import pytest

from chassis.faults import Fault, NoSlot, TooSlow, Unavailable, Unsupported
from gateway.links import stt
from gateway.links.stt import Listening
from protos.parley.v1 import stt_pb2 as pb
from tests.unit.gateway.links.rigged import RiggedClient, RiggedLink

READY = pb.ListenEvent(ready=pb.ListenReady(engine="fake"))


def link(*slots: int) -> RiggedLink:
    return RiggedLink("stt", stt.WIRE, slots)


async def reserving(rig: RiggedLink, *plays: Callable[[RiggedClient], None]) -> object:
    """What comes of it while each replica, in the order in which they are asked, plays its part."""
    task = asyncio.create_task(stt.reserve(rig, "s1", Listening("en")))
    for play in plays:
        async with asyncio.timeout(5):
            while not rig.alive and not task.done():
                await asyncio.sleep(0)
        for replica in rig.rigged:
            if replica.lanes.open_lanes:
                play(replica.lanes)
        await asyncio.sleep(0)
    return await task


def says_ready(client: RiggedClient) -> None:
    client.answer(READY)


def fails(fault: Fault) -> Callable[[RiggedClient], None]:
    return lambda client: client.fail(pb.ListenEvent, fault)


async def test_a_place_that_is_confirmed_is_kept() -> None:
    rig = link(4)
    lane = await reserving(rig, says_ready)
    assert lane is not None
    assert rig.alive == 1


async def test_a_replica_that_is_full_after_all_is_passed_over_for_another() -> None:
    rig = link(4, 3)
    assert await reserving(rig, fails(NoSlot("taken meanwhile")), says_ready) is not None
    assert [replica.lanes.opened for replica in rig.rigged] == [1, 1]
    assert rig.alive == 1


async def test_when_all_are_full_after_all_nothing_is_left_open() -> None:
    rig = link(4, 3)
    with pytest.raises(NoSlot, match="taken"):
        await reserving(rig, fails(NoSlot("taken")), fails(NoSlot("taken")))
    assert rig.alive == 0


async def test_a_replica_that_does_not_say_it_is_ready_is_marked_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stt, "RESERVE_S", 0.02)
    rig = link(4, 3)
    with pytest.raises(TooSlow):
        await stt.reserve(rig, "s1", Listening("en"))
    assert [replica.late for replica in rig.rigged] == [True, True]
    assert rig.alive == 0


async def test_a_refused_wish_takes_no_place_and_is_no_refusal_of_the_client() -> None:
    rig = link(4, 3)
    assert await reserving(rig, fails(Unsupported("it understands en"))) is None
    assert (rig.opened, rig.alive) == (1, 0)


async def test_nobody_there_is_told_as_such() -> None:
    with pytest.raises(Unavailable, match="stt service does not answer"):
        await stt.reserve(link(), "s1", Listening("en"))


async def test_a_client_that_leaves_meanwhile_leaves_no_place_taken() -> None:
    rig = link(4)
    task = asyncio.create_task(stt.reserve(rig, "s1", Listening("en")))
    await asyncio.sleep(0.01)
    assert rig.alive == 1
    task.cancel()
    await asyncio.wait([task])
    assert rig.alive == 0
