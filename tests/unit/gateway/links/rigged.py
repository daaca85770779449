"""A link whose replicas are in memory: real lanes on real trunks, and a test that plays the service."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chassis.faults import Fault, to_wire
from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lanes import Trunk
from gateway.links.choice import Standing
from gateway.links.link import Link
from protos.parley.v1 import common_pb2, control_pb2


async def swallow(message: object) -> None:
    """The wire takes everything."""


class RiggedClient(LaneClient[Any, Any]):
    """As the real one with its stream up. What is opened and what has ended is in `trunk`."""

    def __init__(self, address: str, wire: Wire[Any]) -> None:
        super().__init__(address, lambda _: None, wire, window=8)
        self.trunk: Trunk[Any, Any] = Trunk(wire, swallow)
        self._trunk = self.trunk
        self.opened = 0

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
    """`rigged` are its replicas, named a, b, c …"""

    def __init__(self, service: str, wire: Wire[Any], slots: Sequence[int]) -> None:
        super().__init__(service, [], lambda _: None, wire, 8)
        self.rigged = [
            RiggedReplica(name, RiggedClient(name, wire), free)
            for name, free in zip("abcdef", slots, strict=False)
        ]

    @property
    def replicas(self) -> Any:
        return self.rigged

    @property
    def alive(self) -> int:
        return sum(replica.lanes.open_lanes for replica in self.rigged)

    @property
    def opened(self) -> int:
        return sum(replica.lanes.opened for replica in self.rigged)
