"""The caller's end of a trunk: keeps one stream to one replica alive and opens lanes on it."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Generic

import grpc

from chassis.deadlines import within
from chassis.faults import Fault, Unavailable
from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.lane_gauges import LANES
from chassis.lane_items import EARLY_ITEMS, In, Out, Wire, checked_size
from chassis.lane_trunk import Trunk
from chassis.lanes import Lane
from chassis.logs import get_logger
from chassis.tasks import task_group
from protos.parley.v1 import common_pb2 as pb

log = get_logger(__name__)
CONNECT_S = 0.5
BACKOFF_S = (0.1, 1.0)


class LaneClient(Generic[Out, In]):
    """One replica: reconnects for ever with jittered backoff; a lost stream fails its lanes at once."""

    def __init__(
        self, address: str, method: Callable[[grpc.aio.Channel], Any], wire: Wire[Out], window: int
    ) -> None:
        self.address = address
        self._method, self._wire, self._window = method, wire, window
        self._trunk: Trunk[Out, In] | None = None
        self._was_up = False
        self._next_lane = 0
        self._dropping: asyncio.Future[None] | None = None

    @property
    def connected(self) -> bool:
        return self._trunk is not None

    @property
    def open_lanes(self) -> int:
        return len(self._trunk.lanes) if self._trunk else 0

    def open(self, first: Out, session: str, turn: int = 0, traceparent: str = "") -> Lane[Out, In]:
        """A new lane with a copy of its first item sent; `traceparent`: of the span that causes it.

        Raises Unavailable when the stream is down, InvalidArgument when no message can carry the item:
        nothing is open then.
        """
        if self._trunk is None:
            raise Unavailable(f"{self.address} does not answer")
        checked_size(first)
        self._next_lane = self._next_lane % 0xFFFF_FFFF + 1
        lane: Lane[Out, In] = Lane(
            self._trunk,
            self._next_lane,
            session,
            turn,
            send=EARLY_ITEMS,
            window=self._window,
            peer=self.address,
        )
        self._trunk.add(lane)
        opened = pb.LaneOpen(session=session, turn=turn, credit=self._window, traceparent=traceparent)
        self._trunk.write_control(lane, pb.LaneControl(open=opened))
        item = self._wire.item()
        item.CopyFrom(first)
        lane.send(item)
        return lane

    def drop(self, reason: Fault) -> None:
        """The peer is gone or stuck: its lanes end now, for this reason, and the stream is begun anew."""
        if self._dropping is not None and not self._dropping.done():
            self._dropping.set_exception(reason)

    async def run(self) -> None:
        """Hold the stream until cancelled."""
        backoff_s = BACKOFF_S[0]
        while True:
            async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
                try:
                    await self._hold(channel)
                except Exception as error:
                    # Whatever it is, this link is lost and nothing else: the process lives on.
                    if not isinstance(error, grpc.aio.AioRpcError | Fault | asyncio.InvalidStateError):
                        log.exception("link broke", peer=self.address)
                    if self._drop(error):
                        backoff_s = BACKOFF_S[0]
            await asyncio.sleep(backoff_s * random.uniform(0.8, 1.2))
            backoff_s = min(backoff_s * 2, BACKOFF_S[1])

    async def _hold(self, channel: grpc.aio.Channel) -> None:
        call = self._method(channel)()
        try:
            async with within(CONNECT_S, f"connecting to {self.address}"):
                await call.initial_metadata()
            if call.done():  # it "has" metadata also when nobody answered
                raise Unavailable(f"{self.address} does not answer")
            trunk: Trunk[Out, In] = Trunk(self._wire, call.write)
            self._trunk, self._was_up = trunk, True
            log.info("link up", peer=self.address)
            with LANES.counting(trunk):
                await self._carry(trunk, call)
        finally:
            call.cancel()
            if (lost := self._trunk) is not None:
                self._trunk = None  # also where this is cancelled: nobody may open a lane on it
                lost.fail(self._why_lost())
            self._dropping = None

    async def _carry(self, trunk: Trunk[Out, In], call: Any) -> None:
        """Both directions, until the stream fails, is ended by the peer, or is dropped."""
        self._dropping = asyncio.get_running_loop().create_future()
        async with task_group() as group:
            group.create_task(_raised_by(self._dropping))
            group.create_task(trunk.write_forever())
            while (message := await call.read()) is not grpc.aio.EOF:
                for item in message.items:
                    trunk.deliver(item)
            raise Unavailable(f"{self.address} ended the stream")

    def _why_lost(self) -> Fault:
        dropping = self._dropping
        if dropping is not None and dropping.done() and not dropping.cancelled():
            reason = dropping.exception()
            if isinstance(reason, Fault):
                return reason
        return Unavailable(f"the connection to {self.address} was lost")

    def _drop(self, error: Exception) -> bool:
        was_connected, self._was_up = self._was_up, False
        if was_connected:
            reason = str(error) if isinstance(error, Fault) else type(error).__name__
            if isinstance(error, grpc.aio.AioRpcError):
                reason = error.code().name
            log.warning("link down", peer=self.address, reason=reason)
        return was_connected


async def _raised_by(failure: asyncio.Future[None]) -> None:
    await failure
