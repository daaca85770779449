"""One reply's place at a link: at one replica after another, never at two, and none left behind."""

import asyncio
from collections.abc import Callable
from typing import Generic

from chassis.faults import ClientFault, Fault, NoSlot, Overflow, TooSlow, Unavailable
from chassis.lane_items import In, Out
from chassis.lane_stream import LaneStream
from chassis.lanes import Lane
from gateway.conversation.events import Failure
from gateway.links.choice import Wish
from gateway.links.link import PLACE_S, Link

REFUSED_S = 0.1
"""Whoever said that it is full, though its status had places, is not asked again at once: it may be a server
outside that counts every call.
"""


class Place(Generic[Out, In]):
    """`first` opens every lane; `home`: the replica to prefer; `traceparent`: of the span that causes it."""

    def __init__(
        self,
        link: Link[Out, In],
        first: Out,
        session: str,
        turn: int,
        traceparent: str = "",
        home: str = "",
    ) -> None:
        self._link, self._first, self._session, self._turn = link, first, session, turn
        self._traceparent, self._home = traceparent, home
        self._lane: Lane[Out, In] | None = None
        self._left: frozenset[str] = frozenset()
        self._full: frozenset[str] = frozenset()
        """Those that refused, though their status had places; each other one is asked before them."""
        self.peer = ""
        """The replica that was asked last; "" before one is."""

    async def use(
        self, begin: Callable[[Lane[Out, In]], None], take: Callable[[Lane[Out, In], In], bool]
    ) -> None:
        """Open a lane, tell `begin`, and have `take` called with each item until it returns False; the lane
        is closed then. `take` tells the lane what is consumed; what it raises is raised here.

        Where all places are taken one is waited for, for a moment. Raises LaneEnded or a Fault.
        """
        now = asyncio.get_running_loop().time
        until = now() + PLACE_S
        while True:
            lane = await self._take()
            stream = LaneStream(lane, take)
            try:
                begin(lane)
                await stream.run()
                return
            except NoSlot:
                if stream.came or now() >= until:
                    raise
                self._full |= {lane.peer}
            finally:
                lane.cancel()
            await asyncio.sleep(REFUSED_S)

    async def _take(self) -> Lane[Out, In]:
        asked = self._first, self._session, self._turn, self._traceparent
        try:
            lane = self._link.open(*asked, Wish(self._home, self._left | self._full))
        except (NoSlot, Unavailable):
            self._full = frozenset()
            lane = await self._link.open_soon(*asked, Wish(self._home, self._left))
        self._lane, self.peer = lane, lane.peer
        return lane

    def cancel(self) -> None:
        """Give the place up, in-band; the stream lives on."""
        if self._lane is not None:
            self._lane.cancel()
            self._lane = None

    def leave(self, late: bool) -> None:
        """Do not ask the same replica again for this reply; if it was late, nobody does for a while."""
        if self.peer:
            self._left |= {self.peer}
            if late:
                self._link.mark_late(self.peer)


def failure_of(fault: Fault) -> Failure:
    """Whether another replica might do what this one could not."""
    if isinstance(fault, TooSlow):
        return Failure.LATE
    if isinstance(fault, NoSlot) or (isinstance(fault, ClientFault) and not isinstance(fault, Overflow)):
        return Failure.FINAL
    return Failure.LOST
