"""Lanes: many conversations on one gRPC stream, each with its own queue, credit and end.

A trunk is one stream; the code is the same at both ends. Opening, cancelling and closing are items, so a
barge-in never tears the stream down. A lane that overflows fails alone. Nothing here knows what the items
mean.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from typing import Generic, Protocol

from chassis.faults import Fault, Overflow, Unavailable, to_wire
from chassis.lane_items import MESSAGE_BYTES, In, Out, Wire, checked_size
from chassis.lane_traces import LaneTraces
from chassis.tasks import Ending
from protos.parley.v1 import common_pb2 as pb

MANY_ITEMS = 64
"""A peer that may send so many more is in no hurry for credit."""


class LaneEnded(Ending):
    """The peer closed its side; there is nothing more to receive."""


class Carrier(Protocol[Out, In]):
    """What a lane asks of the trunk that carries it."""

    wire: Wire[Out]

    def mark_ready(self, lane: "Lane[Out, In]", urgent: bool) -> None:
        """It has something to send: within a tick, or at once."""
        ...

    def write_control(
        self, lane: "Lane[Out, In]", control: pb.LaneControl, after: Sequence[Out] = ()
    ) -> None:
        """At once, behind these items."""
        ...

    def grant(self, lane: "Lane[Out, In]", items: int, soon: bool) -> None:
        """Its peer may send so many more."""
        ...

    def forget(self, lane: "Lane[Out, In]") -> None:
        """It carries nothing more."""
        ...


class Lane(Generic[Out, In]):
    """One conversation's place on a trunk. Used from the trunk's event loop only."""

    def __init__(
        self,
        trunk: Carrier[Out, In],
        number: int,
        session: str,
        turn: int,
        send: int,
        window: int,
        peer: str = "",
    ) -> None:
        """`peer`: the address at the other end, where this end chose it."""
        self.number, self.session, self.turn, self.peer = number, session, turn, peer
        self._trunk = trunk
        self._outbox: deque[tuple[Out, int]] = deque()
        """With their bytes, but for the lane's number."""
        self._inbox: deque[In] = deque()
        self._send_credit, self._consumed = send, 0
        self._window = self._granted = window
        self._ended: Exception | None = None
        self._closed, self._arrived, self._room = False, asyncio.Event(), asyncio.Event()
        self._sink: tuple[Callable[[In], None], Callable[[Exception], None]] | None = None
        self.traces = LaneTraces()

    # ------------------------------------------------------------------ sending

    def send(self, item: Out, *, urgent: bool = True) -> None:
        """Queue an item. Raises Overflow, and fails the lane, when the peer has stopped taking items."""
        if self._closed or self._ended is not None:
            raise self._why_shut()
        if len(self._outbox) >= self._trunk.wire.queue_items:
            fault = Overflow(f"{len(self._outbox)} items wait unsent; the peer takes none")
            self.fail(fault)
            raise fault
        size = checked_size(item)
        item.lane = self.number
        self._outbox.append((item, size))
        if self._send_credit > 0:
            self._trunk.mark_ready(self, urgent)

    async def put(self, item: Out, *, urgent: bool = True) -> None:
        """Like send, but waits while the peer has no room: how a producer is paced."""
        while not self._has_room and self._ended is None:
            self._room.clear()
            await self._room.wait()
        self.send(item, urgent=urgent)

    def cancel(self) -> None:
        """The turn is dead: drop what is unsent, tell the peer first of all, take nothing more."""
        if self._ended is None:
            self._outbox.clear()
            self._trunk.write_control(self, pb.LaneControl(cancel=pb.LaneCancel(turn=self.turn)))
            self.end(LaneEnded())
            self._trunk.forget(self)

    def trace_part(self, part: int, cause: str) -> None:
        """Tell the peer, by a traceparent, what causes a part of its work, as the items number it."""
        self._trunk.write_control(self, pb.LaneControl(trace=pb.LaneTrace(part=part, traceparent=cause)))

    def close(self) -> None:
        """Done: the lane is over at both ends once what is queued has gone out."""
        if not self._closed and self._ended is None:
            self._closed = True
            self._trunk.mark_ready(self, urgent=True)

    def fail(self, fault: Fault) -> None:
        """End the lane for a reason that the peer is told, after what it has room for."""
        if self._ended is None:
            last, _ = self.take_outgoing(MESSAGE_BYTES // 2)
            self._outbox.clear()
            self._trunk.write_control(self, pb.LaneControl(fault=to_wire(fault)), after=last)
            self.end(fault)
            self._trunk.forget(self)

    # ------------------------------------------------------------------ receiving

    async def arrived(self) -> None:
        """Return when an item is there to receive. Raises as `receive` does."""
        while not self._inbox:
            if self._ended is not None:
                raise self._ended
            self._arrived.clear()
            await self._arrived.wait()

    async def receive(self) -> In:
        """The next item. Raises LaneEnded when the peer is done, or the Fault that ended the lane."""
        await self.arrived()
        item = self._inbox.popleft()
        self.consumed()
        return item

    def pour(self, take: Callable[[In], None], ended: Callable[[Exception], None]) -> None:
        """Instead of `receive`: `take` is called with each item as it comes, `ended` once, with the reason;
        neither may raise. There is room for more when `consumed` says so."""
        while self._inbox:
            take(self._inbox.popleft())
        self._sink = take, ended
        if self._ended is not None:
            ended(self._ended)

    def consumed(self, soon: bool = True) -> None:
        """One more item is dealt with: the peer may send another.

        It learns so within a tick or, if that need not be `soon`, with what is sent next.
        """
        self._consumed += 1
        if self._consumed * 2 >= self._window and self._ended is None:
            grant, self._consumed = self._consumed, 0
            soon = soon and self._granted < MANY_ITEMS
            self._granted += grant
            self._trunk.grant(self, grant, soon)

    async def __aiter__(self) -> AsyncIterator[In]:
        with suppress(LaneEnded):
            while True:
                yield await self.receive()

    @property
    def waiting(self) -> int:
        """Items received and not yet taken."""
        return len(self._inbox)

    @property
    def unsent(self) -> int:
        return len(self._outbox)

    # ------------------------------------------------------------------ called by the trunk

    def take_outgoing(self, budget: int) -> tuple[list[Out], int]:
        """Items that may go now, at most `budget` bytes of them, and how many bytes they have."""
        items, size = list[Out](), 0
        while self._outbox and self._send_credit > 0 and size + self._outbox[0][1] <= budget:
            item, item_size = self._outbox.popleft()
            size += item_size
            items.append(item)
            self._send_credit -= 1
        if items and self._has_room:
            self._room.set()
        return items, size

    @property
    def _has_room(self) -> bool:
        """For another item, beside those that wait, the peer has room and so has the queue."""
        return len(self._outbox) < min(self._send_credit, self._trunk.wire.queue_items)

    @property
    def has_outgoing(self) -> bool:
        return bool(self._outbox) and self._send_credit > 0

    @property
    def wants_close(self) -> bool:
        return self._closed and not self._outbox

    def accept(self, item: In) -> None:
        if self._granted <= 0:
            self.fail(Overflow("more items were sent than there was credit for"))
            return
        self._granted -= 1
        if self._sink is not None:
            self._sink[0](item)
        else:
            self._inbox.append(item)
            self._arrived.set()

    def accept_credit(self, items: int) -> None:
        self._send_credit += items
        self._room.set()
        if self._outbox:
            self._trunk.mark_ready(self, urgent=True)

    def end(self, reason: Exception) -> None:
        if self._ended is None:
            self._ended = reason
            if self._sink is not None:
                self._sink[1](reason)
        self._arrived.set()
        self._room.set()

    def _why_shut(self) -> Fault:
        """Nothing can be sent any more."""
        if self._ended is None:
            return Unavailable("the lane was closed for sending")
        return self._ended if isinstance(self._ended, Fault) else Unavailable("the lane has ended")
