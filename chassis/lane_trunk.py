"""A trunk: one gRPC stream with its lanes, the same at both ends.

What is ready for any number of lanes travels in one message, because each costs much more than what is in
it: audio waits at most one tick for company, everything else goes at once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic

from chassis.faults import Fault, from_wire
from chassis.lane_items import MESSAGE_BYTES, In, Out, Wire
from chassis.lanes import Lane, LaneEnded
from protos.parley.v1 import common_pb2 as pb

TICK_S = 0.010
LATER_S = 0.080
"""What need not be soon waits so long at most for a message to travel in."""


class Trunk(Generic[Out, In]):
    """One stream and its lanes. `write` sends one message and returns when the wire has taken it."""

    def __init__(
        self, wire: Wire[Out], write: Callable[[Any], Awaitable[None]], tick_s: float = TICK_S
    ) -> None:
        self.wire = wire
        self.lanes: dict[int, Lane[Out, In]] = {}
        self._write = write
        self._tick_s = tick_s
        self._control: list[Out] = []
        self._ready: dict[int, Lane[Out, In]] = {}
        self._due = asyncio.Event()
        self._tick: asyncio.TimerHandle | None = None
        self._later: asyncio.TimerHandle | None = None

    def add(self, lane: Lane[Out, In]) -> None:
        self.lanes[lane.number] = lane

    def forget(self, lane: Lane[Out, In]) -> None:
        self.lanes.pop(lane.number, None)
        self._ready.pop(lane.number, None)

    def mark_ready(self, lane: Lane[Out, In], urgent: bool) -> None:
        self._ready[lane.number] = lane
        self._wake(urgent)

    def write_control(self, lane: Lane[Out, In], control: pb.LaneControl, after: Sequence[Out] = ()) -> None:
        self._control += [*after, self.wire.item(lane=lane.number, control=control)]
        self._due.set()

    def grant(self, lane: Lane[Out, In], items: int, soon: bool) -> None:
        """The lane's peer may send so many more: it learns so within a tick, or, not `soon`, LATER_S."""
        credit = pb.LaneControl(credit=pb.LaneCredit(items=items))
        self._control.append(self.wire.item(lane=lane.number, control=credit))
        if soon:
            self._wake(urgent=False)
        elif not self._is_waking and self._later is None:
            self._later = asyncio.get_running_loop().call_later(LATER_S, self._due.set)

    def _wake(self, urgent: bool) -> None:
        if urgent or self._tick_s <= 0:
            self._due.set()
        elif not self._is_waking:
            self._tick = asyncio.get_running_loop().call_later(self._tick_s, self._due.set)

    @property
    def _is_waking(self) -> bool:
        """All that waits leaves within a tick."""
        return self._tick is not None or self._due.is_set()

    async def write_forever(self) -> None:
        """Send what is due until cancelled or the wire fails."""
        try:
            while True:
                await self._due.wait()
                self._due.clear()
                self._stop_timers()
                items = self._collect()
                if self._ready:  # there was no room for all of it
                    self._due.set()
                if items:
                    await self._write(self.wire.batch(items=items))
        finally:
            self._stop_timers()

    def _stop_timers(self) -> None:
        for timer in (self._tick, self._later):
            if timer is not None:
                timer.cancel()
        self._tick = self._later = None

    def _collect(self) -> list[Out]:
        """One message's worth: control first (a cancel overtakes audio), then each ready lane in turn."""
        items, self._control = self._control, []
        budget = MESSAGE_BYTES
        for lane in list(self._ready.values()):
            if budget <= 0:
                break
            taken, size = lane.take_outgoing(budget)
            items += taken
            budget -= size
            if lane.wants_close:
                items.append(self.wire.item(lane=lane.number, control=pb.LaneControl(close=pb.LaneClose())))
                lane.end(LaneEnded())
                self.forget(lane)
            if not lane.has_outgoing:
                self._ready.pop(lane.number, None)
        return items

    def deliver(self, item: In) -> None:
        """Route one item; items of lanes that have gone are late and dropped."""
        lane = self.lanes.get(item.lane)
        if lane is None:
            return
        if item.HasField("control"):
            self._obey(lane, item.control)
        else:
            lane.accept(item)

    def _obey(self, lane: Lane[Out, In], control: pb.LaneControl) -> None:
        match control.WhichOneof("kind"):
            case "credit":
                lane.accept_credit(control.credit.items)
            case "close":
                lane.end(LaneEnded())
                self.forget(lane)
            case "fault":
                lane.end(from_wire(control.fault))
                self.forget(lane)

    def fail(self, fault: Fault) -> None:
        """The stream is gone: every lane learns why."""
        for lane in list(self.lanes.values()):
            lane.end(fault)
        self.lanes.clear()
        self._ready.clear()
