"""A reply over HTTP gives its place back however its reader leaves."""

import asyncio
import gc
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis.faults import NoSlot, Unavailable
from gateway.http.completion import begin_reply
from gateway.links.links import Links
from protos.parley.v1 import llm_pb2 as pb
from tests.unit.gateway.http.inference_rig import ScriptedLink, delta, finished


def links(link: ScriptedLink) -> Links:
    return cast(Links, SimpleNamespace(llm=link))


def run(link: ScriptedLink, main: Any) -> None:
    async def settle() -> None:
        await main()
        gc.collect()
        await asyncio.sleep(0.01)
        assert link.cancelled == 1

    asyncio.run(settle())


def test_a_reply_read_to_its_end_is_whole() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2), delta("never read")])

    async def main() -> None:
        events = [event async for event in await begin_reply(links(link), pb.Prompt())]
        assert [event.delta for event in events] == ["a", "b", ""]

    run(link, main)


def test_a_reply_that_nobody_begins_to_read_is_cancelled() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2)])

    async def main() -> None:
        await begin_reply(links(link), pb.Prompt())

    run(link, main)


def test_a_reply_left_in_the_middle_is_cancelled() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2)])

    async def main() -> None:
        events = await begin_reply(links(link), pb.Prompt())
        await anext(events)
        await events.aclose()

    run(link, main)


@pytest.mark.parametrize(("script", "fault"), [([], Unavailable), ([NoSlot("full")], NoSlot)])
def test_a_reply_that_does_not_begin_is_a_fault(script: list[Exception], fault: type[Exception]) -> None:
    link = ScriptedLink(script)

    async def main() -> None:
        with pytest.raises(fault):
            await begin_reply(links(link), pb.Prompt())

    run(link, main)
