"""A link: every replica of one service, and lanes on the one that is chosen."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Generic

import grpc

from chassis.faults import NoSlot
from chassis.lane_items import In, Out, Wire
from chassis.lanes import Lane
from chassis.roster import Roster
from gateway.links.choice import ANY, Wish, choose
from gateway.links.replica import Replica
from protos.parley.v1 import control_pb2

PLACE_S = 0.3
"""A turn waits so long for a place: one may be free as soon as another reply ends."""
LOOK_S = 0.02


class Link(Generic[Out, In]):
    """Opens lanes; no lane is open whose first item did not go with it."""

    def __init__(
        self,
        service: str,
        addresses: Sequence[str],
        method: Callable[[grpc.aio.Channel], Any],
        wire: Wire[Out],
        window: int,
    ) -> None:
        self.service = service
        self._roster: Roster[Replica[Out, In]] = Roster(
            addresses, lambda address: Replica(address, method, wire, window)
        )

    async def run(self) -> None:
        await self._roster.run()

    @property
    def replicas(self) -> list[Replica[Out, In]]:
        return self._roster.members

    @property
    def addresses(self) -> tuple[str, ...]:
        return self._roster.addresses

    def open(
        self, first: Out, session: str, turn: int = 0, traceparent: str = "", wish: Wish = ANY
    ) -> Lane[Out, In]:
        """A lane on which `first` is under way; `traceparent`: of the span that causes it.

        Raises Unavailable (nobody answers), NoSlot (all are full), InvalidArgument (no message can carry it).
        """
        address = choose(self.service, [replica.standing for replica in self.replicas], wish)
        return self._at(address).lanes.open(first, session, turn, traceparent)

    async def open_soon(
        self, first: Out, session: str, turn: int = 0, traceparent: str = "", wish: Wish = ANY
    ) -> Lane[Out, In]:
        """Like `open`, but waits PLACE_S for a place where all are taken."""
        now = asyncio.get_running_loop().time
        until = now() + PLACE_S
        while True:
            try:
                return self.open(first, session, turn, traceparent, wish)
            except NoSlot:
                if now() >= until:
                    raise
            await asyncio.sleep(LOOK_S)

    def mark_late(self, address: str) -> None:
        """This replica kept somebody waiting: it is passed over for a while."""
        for replica in self.replicas:
            if replica.address == address:
                replica.mark_late()

    def is_leaving(self, address: str) -> bool:
        """This replica drains, and another has a place."""
        leaving = any(r.watch.leaving for r in self.replicas if r.address == address)
        return leaving and any(r.free for r in self.replicas if r.address != address)

    @property
    def ready(self) -> bool:
        return any(replica.ready for replica in self.replicas)

    @property
    def free(self) -> int:
        return sum(replica.free for replica in self.replicas)

    @property
    def slots(self) -> int:
        """Places at ready replicas, taken or not."""
        return sum(r.watch.status.slots_total for r in self.replicas if r.ready and r.watch.status)

    @property
    def used(self) -> int:
        """Places taken at ready replicas, by whichever gateway."""
        return sum(r.watch.status.slots_total - r.free for r in self.replicas if r.ready and r.watch.status)

    @property
    def status(self) -> control_pb2.ModelStatus | None:
        """The status of a ready replica, else of any that answers."""
        answered = [r for r in self.replicas if r.watch.status is not None]
        chosen = next((r for r in answered if r.watch.ready), answered[0] if answered else None)
        return chosen.watch.status if chosen else None

    def _at(self, address: str) -> Replica[Out, In]:
        return next(replica for replica in self.replicas if replica.address == address)
