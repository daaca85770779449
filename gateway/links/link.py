"""A link: every replica of one service, and the choice between them."""

from collections.abc import Callable, Sequence
from typing import Any, Generic

import grpc

from chassis.faults import NoSlot, Unavailable
from chassis.lanes import In, Lane, Out, Wire
from chassis.roster import Roster
from gateway.links.replica import Replica
from protos.parley.v1 import control_pb2


class Link(Generic[Out, In]):
    """Opens lanes on the ready replica with the most free slots."""

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

    def open(self, session: str, turn: int = 0, traceparent: str = "") -> Lane[Out, In]:
        """A lane, usable at once; `traceparent`: of the span that causes it.

        Raises Unavailable (nobody answers) or NoSlot (all are full).
        """
        ready = [replica for replica in self.replicas if replica.ready]
        if not ready:
            raise Unavailable(f"the {self.service} service does not answer")
        best = max(ready, key=lambda replica: replica.free)
        if best.free <= 0:
            raise NoSlot(f"all places of the {self.service} service are taken")
        return best.lanes.open(session, turn, traceparent)

    @property
    def ready(self) -> bool:
        return any(replica.ready for replica in self.replicas)

    @property
    def free(self) -> int:
        return sum(replica.free for replica in self.replicas)

    @property
    def slots(self) -> int:
        return sum(r.watch.status.slots_total for r in self.replicas if r.watch.status is not None)

    @property
    def status(self) -> control_pb2.ModelStatus | None:
        """The status of a ready replica, else of any that answers."""
        answered = [r for r in self.replicas if r.watch.status is not None]
        chosen = next((r for r in answered if r.watch.ready), answered[0] if answered else None)
        return chosen.watch.status if chosen else None
