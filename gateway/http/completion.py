"""One reply of the language model over HTTP: what every API that asks for one has in common.

Each API has its own shapes; how long to wait, how much to take in and when to give up is decided here alone.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing

from starlette.requests import ClientDisconnect, Request

from chassis.deadlines import within
from chassis.faults import InvalidArgument, Unavailable
from chassis.lanes import LaneEnded
from gateway.links.links import Links
from gateway.links.llm import LlmLane
from protos.parley.v1 import llm_pb2 as pb

MAX_BODY_BYTES = 512 * 1024
FIRST_S = 30.0
BETWEEN_S = 30.0
WHOLE_S = 300.0
"""The longest that a caller may wait for a reply in one piece."""


async def read_body(request: Request) -> bytes:
    """Raises InvalidArgument over the limit, before more is taken in, and when the caller leaves."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY_BYTES:
                raise InvalidArgument(f"the body may have {MAX_BODY_BYTES} bytes at most")
    except ClientDisconnect:
        raise InvalidArgument("the caller left before the body was whole") from None
    return bytes(body)


def served_models(links: Links) -> list[str]:
    """The names of the loaded model: the registry's, its own, and its engine's."""
    status = links.llm.status
    if status is None:
        return []
    return [name for name in dict.fromkeys((status.name, status.model, status.engine)) if name]


async def begin_reply(links: Links, prompt: pb.Prompt) -> AsyncGenerator[pb.ChatEvent, None]:
    """The events of a reply, of which the first has come: raises a Fault when there will be none."""
    events = _events(links.llm.open(pb.ChatItem(prompt=prompt), session="http"))
    try:
        return _rejoin(await anext(events), events)
    except StopAsyncIteration:
        raise Unavailable("the language model ended without a word") from None


async def _events(lane: LlmLane) -> AsyncGenerator[pb.ChatEvent, None]:
    """A whole reply; closing it cancels the reply."""
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
    """Give every event to `take`; a caller who has left ends the reply. Raises a Fault."""
    async with within(WHOLE_S, "the whole reply"), aclosing(events):
        async for event in events:
            take(event)
            if await request.is_disconnected():
                return
