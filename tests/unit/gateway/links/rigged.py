"""A link whose replicas are in memory: real lanes on real trunks, and a test that plays the service.

What a session sends waits on its lanes, or, where the replicas have peers, is carried to those.
"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from chassis.faults import Fault, Unavailable, to_wire
from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lane_trunk import Trunk
from chassis.tasks import task_group
from gateway.links.choice import Standing
from gateway.links.link import Link
from protos.parley.v1 import common_pb2, control_pb2

CREDIT = 64
"""Items that a peer takes before the first is read."""


async def swallow(message: object) -> None:
    """The wire takes everything."""


class Peer:
    """The service's end of one replica. `event` is the type of its items.

    `script(peer, lane, item)` is called with each item that comes up a lane. `came` has those of the lanes
    that are open, `ended` the numbers of those that were.
    """

    def __init__(self, event: Any) -> None:
        self.event = event
        self.script: Callable[[Peer, int, Any], None] = lambda *_: None
        self.came: dict[int, list[Any]] = {}
        self.ended: set[int] = set()
        self._room: dict[int, int] = {}
        self._unsaid: dict[int, deque[Any]] = {}
        self._lost_up_to = 0

    def join(self, client: "RiggedClient") -> None:
        self._client = client

    async def take(self, message: Any) -> None:
        """What the session's end has written."""
        for item in message.items:
            self._take(item)

    def say(self, item: Any, lane: int = 0) -> None:
        """On this lane or, for 0, on each that is open; what there is no credit for waits."""
        for number in [lane] if lane else list(self.came):
            self._unsaid.setdefault(number, deque()).append(item)
            self._carry(number)

    def fail(self, fault: Fault) -> None:
        """Every open lane ends for this reason."""
        for number in list(self.came):
            self._control(number, common_pb2.LaneControl(fault=to_wire(fault)))
            self._forget(number)

    def die(self) -> None:
        """The stream is lost, and every lane with it."""
        self._lost_up_to = self._client.opened
        for number in {*self.came, *self._client.trunk.lanes}:
            self._forget(number)
        self._client.trunk.fail(Unavailable("the connection was lost"))

    def _take(self, item: Any) -> None:
        lane = item.lane
        control = item.control if item.HasField("control") else common_pb2.LaneControl()
        match control.WhichOneof("kind"):
            case "open" if lane <= self._lost_up_to:
                self.ended.add(lane)
            case "open":
                self.came[lane] = []
                self._room[lane] = control.open.credit
                self._control(lane, common_pb2.LaneControl(credit=common_pb2.LaneCredit(items=CREDIT)))
            case "cancel" | "close" | "fault":
                self._forget(lane)
            case "credit" if lane in self.came:
                self._room[lane] += control.credit.items
                self._carry(lane)
            case None if lane in self.came:
                self.came[lane].append(item)
                self._control(lane, common_pb2.LaneControl(credit=common_pb2.LaneCredit(items=1)))
                self.script(self, lane, item)

    def _carry(self, lane: int) -> None:
        waiting = self._unsaid.get(lane, deque())
        while waiting and self._room.get(lane, 0) > 0:
            self._room[lane] -= 1
            mine = self.event()
            mine.CopyFrom(waiting.popleft())
            mine.lane = lane
            self._client.trunk.deliver(mine)

    def _control(self, lane: int, control: common_pb2.LaneControl) -> None:
        self._client.trunk.deliver(self.event(lane=lane, control=control))

    def _forget(self, lane: int) -> None:
        self.ended.add(lane)
        for of_lanes in (self.came, self._room, self._unsaid):
            of_lanes.pop(lane, None)


class RiggedClient(LaneClient[Any, Any]):
    """As the real one with its stream up. What is opened and what has ended is in `trunk`."""

    def __init__(self, address: str, wire: Wire[Any], peer: Peer | None = None, window: int = 8) -> None:
        super().__init__(address, lambda _: None, wire, window)
        self.trunk: Trunk[Any, Any] = Trunk(wire, peer.take if peer else swallow)
        self._trunk = self.trunk
        self.opened = 0
        if peer is not None:
            peer.join(self)

    def open(self, first: Any, session: str, turn: int = 0, traceparent: str = "") -> Any:
        lane = super().open(first, session, turn, traceparent)
        self.opened += 1
        return lane

    def answer(self, item: Any) -> None:
        """The service says this on every lane that is open."""
        for number in list(self.trunk.lanes):
            mine = type(item)()
            mine.CopyFrom(item)
            mine.lane = number
            self.trunk.deliver(mine)

    def fail(self, event: Any, fault: Fault) -> None:
        """The service ends every open lane for this reason; `event` is the type of its items."""
        self.answer(event(control=common_pb2.LaneControl(fault=to_wire(fault))))


@dataclass
class Watched:
    """A status that a test sets."""

    status: control_pb2.ModelStatus
    leaving: bool = False
    ready: bool = True


@dataclass
class RiggedReplica:
    address: str
    lanes: RiggedClient
    slots: int
    ready: bool = True
    late: bool = False
    watch: Watched = field(init=False)

    def __post_init__(self) -> None:
        status = control_pb2.ModelStatus(
            state=control_pb2.MODEL_STATE_READY, slots_total=self.slots, languages=["any"]
        )
        self.watch = Watched(status)

    @property
    def free(self) -> int:
        return self.slots - self.lanes.open_lanes if self.ready else 0

    @property
    def standing(self) -> Standing:
        return Standing(self.address, self.ready, self.free, self.late)

    def mark_late(self) -> None:
        self.late = True


class RiggedLink(Link[Any, Any]):
    """`rigged` are its replicas, named a, b, c …

    `events`, the type of the service's items, gives each of them a peer.
    """

    def __init__(
        self, service: str, wire: Wire[Any], slots: Sequence[int], events: Any = None, window: int = 8
    ) -> None:
        super().__init__(service, [], lambda _: None, wire, window)
        self.peers = [Peer(events) for _ in slots] if events else []
        self.rigged = [
            RiggedReplica(name, RiggedClient(name, wire, peer, window), free)
            for name, peer, free in zip_longest("abcdef"[: len(slots)], self.peers, slots)
        ]

    @asynccontextmanager
    async def flowing(self) -> AsyncIterator[None]:
        """What sessions write is carried to the peers for the body."""
        async with task_group() as group:
            trunks = [replica.lanes.trunk for replica in self.rigged]
            writers = [group.create_task(trunk.write_forever()) for trunk in trunks]
            try:
                yield
            finally:
                for writer in writers:
                    writer.cancel()

    @property
    def replicas(self) -> Any:
        return self.rigged

    @property
    def alive(self) -> int:
        return sum(replica.lanes.open_lanes for replica in self.rigged)

    @property
    def opened(self) -> int:
        return sum(replica.lanes.opened for replica in self.rigged)

    @property
    def ended(self) -> int:
        """As far as the peers know."""
        return sum(len(peer.ended) for peer in self.peers)
