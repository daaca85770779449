"""One reply of the language model over HTTP: what every API that asks for one has in common.

Each API has its own shapes; how long to wait, how much to take in and when to give up is decided here alone.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.requests import Request

from chassis.deadlines import within
from chassis.faults import Unavailable
from chassis.lanes import LaneEnded
from gateway.apis.body import unless_left
from gateway.apis.llm_share import LlmShare
from gateway.links.links import Links
from gateway.registry.registry import OWN
from protos.parley.v1 import llm_pb2 as pb

STREAM_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
"""Proxies in front are to pass every word on as it comes."""
FIRST_S = 30.0
BETWEEN_S = 30.0
WHOLE_S = 300.0
"""The longest that a caller may wait for a reply in one piece."""


def served_models(links: Links) -> list[str]:
    """The names that the loaded model answers to, each once; empty: no service answers.

    The registry's, the model's own, its engine's; the one that the service's settings name is `default` too.
    """
    status = links.llm.status
    if status is None:
        return []
    names = (status.name, status.model, status.engine, "" if status.name else OWN)
    return [name for name in dict.fromkeys(names) if name]


async def begin_reply(
    request: Request, links: Links, share: LlmShare, prompt: pb.Prompt
) -> AsyncGenerator[pb.ChatEvent, None]:
    """The events of a reply, to the one that says `finished`; returns once the first has come.

    Raises a Fault when none comes: NoSlot without a place, TooSlow after `FIRST_S`, CallerLeft. Later faults
    are raised by the iteration. Closing the iterator cancels the reply.
    """
    events = _events(links, share, prompt)
    return _rejoin(await unless_left(request, _first(events)), events)


async def _first(events: AsyncGenerator[pb.ChatEvent, None]) -> pb.ChatEvent:
    try:
        return await anext(events)
    except StopAsyncIteration:
        raise Unavailable("the language model ended without a word") from None


async def _events(links: Links, share: LlmShare, prompt: pb.Prompt) -> AsyncGenerator[pb.ChatEvent, None]:
    """A whole reply; closing it cancels the reply."""
    with share.place():
        lane = links.llm.open(pb.ChatItem(prompt=prompt), session="http")
        try:
            async with within(FIRST_S, "the language model's first word"):
                event = await lane.receive()
            yield event
            while not event.HasField("finished"):
                async with within(BETWEEN_S, "the language model's next word"):
                    event = await lane.receive()
                yield event
        except LaneEnded:
            return
        finally:
            lane.cancel()


async def _rejoin(
    first: pb.ChatEvent, events: AsyncGenerator[pb.ChatEvent, None]
) -> AsyncGenerator[pb.ChatEvent, None]:
    """Dropped unread by a caller who has left, it drops `events`, which has begun and so is closed."""
    async with aclosing(events):
        yield first
        async for event in events:
            yield event


async def gather_reply(
    request: Request, events: AsyncGenerator[pb.ChatEvent, None], take: Callable[[pb.ChatEvent], object]
) -> None:
    """Give every event to `take`. Raises TooSlow after `WHOLE_S`, CallerLeft, and the reply's own faults."""
    async with within(WHOLE_S, "the whole reply"):
        await unless_left(request, _gather(request, events, take))


async def _gather(
    request: Request, events: AsyncGenerator[pb.ChatEvent, None], take: Callable[[pb.ChatEvent], object]
) -> None:
    async with aclosing(events):
        async for event in events:
            take(event)
            if await request.is_disconnected():  # events that wait already leave the loop no other turn
                return
