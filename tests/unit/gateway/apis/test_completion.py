"""A reply over HTTP gives its place back however its reader leaves."""

import asyncio
import gc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.requests import Request
from starlette.types import Message

from chassis.faults import NoSlot, Unavailable
from chassis.tasks import task_group
from gateway.apis.body import CallerLeft
from gateway.apis.completion import begin_reply, gather_reply
from gateway.apis.llm_share import LlmShare
from gateway.links.links import Links
from protos.parley.v1 import llm_pb2 as pb
from tests.unit.gateway.apis.inference_rig import ScriptedLink, delta, finished


def links(link: ScriptedLink) -> Links:
    return cast(Links, SimpleNamespace(llm=link))


def caller(leaves: asyncio.Event | None = None) -> Request:
    """Who has sent his whole body; he leaves with the event, else never."""

    async def receive() -> Message:
        await (leaves or asyncio.Event()).wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "method": "POST", "headers": []}, receive)


def begin(link: ScriptedLink) -> Awaitable[AsyncGenerator[pb.ChatEvent, None]]:
    return begin_reply(caller(), links(link), LlmShare(links(link), 1.0), pb.Prompt())


@asynccontextmanager
async def ending(link: ScriptedLink) -> AsyncIterator[None]:
    """What is begun inside is over soon after, though its reader may only have let go of it."""
    yield
    gc.collect()
    await asyncio.sleep(0.01)
    assert link.cancelled == 1


async def test_a_reply_read_to_its_end_is_whole() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2), delta("never read")])
    async with ending(link):
        events = [event async for event in await begin(link)]
        assert [event.delta for event in events] == ["a", "b", ""]


async def test_a_reply_that_nobody_begins_to_read_is_cancelled() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2)])
    async with ending(link):
        await begin(link)


async def test_a_reply_left_in_the_middle_is_cancelled() -> None:
    link = ScriptedLink([delta("a"), delta("b"), finished(2)])
    async with ending(link):
        events = await begin(link)
        await anext(events)
        await events.aclose()


@pytest.mark.parametrize(("script", "fault"), [([], Unavailable), ([NoSlot("full")], NoSlot)])
async def test_a_reply_that_does_not_begin_is_a_fault(
    script: list[Exception], fault: type[Exception]
) -> None:
    link = ScriptedLink(script)
    async with ending(link):
        with pytest.raises(fault):
            await begin(link)


class SilentLink(ScriptedLink):
    """Says what its script says, then nothing for ever."""

    async def receive(self) -> pb.ChatEvent:
        if not self._script:
            await asyncio.Event().wait()
        return await super().receive()


@pytest.mark.parametrize("said", [[], [delta("a")]], ids=["before the first word", "between words"])
async def test_a_caller_who_leaves_while_the_model_is_silent_gives_the_place_back_at_once(
    said: list[Any],
) -> None:
    link, leaves = SilentLink(said), asyncio.Event()
    request, share = caller(leaves), LlmShare(links(link), 1.0)

    async def answer() -> None:
        events = await begin_reply(request, links(link), share, pb.Prompt())
        await gather_reply(request, events, lambda _: None)

    async with ending(link):
        answering = asyncio.ensure_future(answer())
        await asyncio.sleep(0.02)
        assert (link.cancelled, answering.done()) == (0, False)
        leaves.set()
        with pytest.raises(CallerLeft):
            await asyncio.wait_for(answering, 1)


@pytest.mark.parametrize(
    ("slots", "share", "places"), [(8, 0.5, 4), (3, 0.5, 1), (1, 0.5, 1), (8, 0.01, 1), (8, 0, 0), (8, 1, 8)]
)
async def test_callers_over_http_never_take_what_is_kept_for_conversations(
    slots: int, share: float, places: int
) -> None:
    link = SilentLink([])
    link.slots = slots
    shared = LlmShare(links(link), share)
    async with task_group() as group:
        asking = [
            group.create_task(begin_reply(caller(), links(link), shared, pb.Prompt())) for _ in range(places)
        ]
        await asyncio.sleep(0.01)
        with pytest.raises(NoSlot, match="HTTP_LLM_SHARE"):
            await begin_reply(caller(), links(link), shared, pb.Prompt())
        for task in asking:
            task.cancel()
    assert link.cancelled == places
    if places:
        with shared.place():
            pass
