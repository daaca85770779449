"""One replica of a service: its stream of lanes and its model's status, watched."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import Any, Generic

import grpc

from chassis.faults import Fault, TooSlow
from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.lane_client import LaneClient
from chassis.lane_items import In, Out, Wire
from chassis.logs import get_logger
from chassis.tasks import Ending, task_group
from gateway.links.choice import LATE_S, Count, Standing
from protos.parley.v1 import control_pb2, control_pb2_grpc

log = get_logger(__name__)
WATCH_RETRY_S = 0.5
SILENT_S = 3.0
"""A status comes every second: a replica that says nothing for so long is not ready."""
BARE = frozenset(
    {
        control_pb2.MODEL_STATE_UNLOADED,
        control_pb2.MODEL_STATE_LOADING,
        control_pb2.MODEL_STATE_FAILED,
    }
)
"""States in which there is no model to work with."""
LOOKS = 6
"""Silence is counted in so many looks: a hang of our own event loop passes for one of them at most."""


class StatusWatch:
    """The latest ModelStatus of one address; None while it does not answer.

    `channel`, there whenever the status is, serves other calls to the address too: they end with the watch.
    `noticed` is called with each status, `lost` when an address that did answer has gone silent.
    """

    def __init__(
        self,
        address: str,
        noticed: Callable[[control_pb2.ModelStatus], None] | None = None,
        lost: Callable[[Fault], None] | None = None,
        silent_s: float = SILENT_S,
    ) -> None:
        self.address = address
        self.status: control_pb2.ModelStatus | None = None
        self.channel: grpc.aio.Channel | None = None
        self._noticed, self._lost, self._silent_s = noticed, lost, silent_s
        self._looks = 0

    @property
    def ready(self) -> bool:
        return self.status is not None and self.status.state == control_pb2.MODEL_STATE_READY

    @property
    def leaving(self) -> bool:
        """It finishes what it has and takes nothing new."""
        return self.status is not None and self.status.state == control_pb2.MODEL_STATE_DRAINING

    @property
    def free(self) -> int:
        status = self.status
        return status.slots_free if status is not None and self.ready else 0

    @property
    def silent(self) -> bool:
        return self.status is None

    async def run(self) -> None:
        """Watch until cancelled; a lost watch is begun again."""
        while True:
            async with grpc.aio.insecure_channel(self.address, options=CHANNEL_OPTIONS) as channel:
                call = control_pb2_grpc.ModelControlStub(channel).Watch(control_pb2.StatusRequest())
                try:
                    async with task_group() as group:
                        group.create_task(self._await_silence())
                        async for status in call:
                            self._note(status, channel)
                        raise Ending
                except (grpc.aio.AioRpcError, Ending):
                    pass
                except TooSlow as silence:
                    self._tell_silence(silence)
                except Exception:
                    log.exception("watch broke", peer=self.address)
                finally:
                    call.cancel()
                    self.status = self.channel = None
            await asyncio.sleep(WATCH_RETRY_S * random.uniform(0.5, 1.0))

    def _note(self, status: control_pb2.ModelStatus, channel: grpc.aio.Channel) -> None:
        self.status, self.channel = status, channel
        self._looks = 0
        if self._noticed is not None:
            self._noticed(status)

    async def _await_silence(self) -> None:
        """Raises TooSlow when no status has come for so many looks."""
        self._looks = 0
        while self._looks < LOOKS:
            await asyncio.sleep(self._silent_s / LOOKS)
            self._looks += 1
        raise TooSlow(f"{self.address} has said nothing for {self._silent_s:g} s")

    def _tell_silence(self, silence: TooSlow) -> None:
        if self.status is not None:
            log.warning("replica silent", peer=self.address)
            if self._lost is not None:
                self._lost(silence)


class Replica(Generic[Out, In]):
    """A place to open lanes. `free` never counts a slot that this gateway has taken already."""

    def __init__(
        self, address: str, method: Callable[[grpc.aio.Channel], Any], wire: Wire[Out], window: int
    ) -> None:
        self.address = address
        self.lanes: LaneClient[Out, In] = LaneClient(address, method, wire, window)
        self.watch = StatusWatch(address, self._count_places, self.lanes.drop)
        self._count = Count()
        self._late_until = 0.0

    @property
    def ready(self) -> bool:
        return self.lanes.connected and self.watch.ready

    @property
    def free(self) -> int:
        return self._count.free(self.lanes.open_lanes) if self.ready else 0

    @property
    def silent(self) -> bool:
        return self.watch.silent and not self.lanes.connected

    @property
    def standing(self) -> Standing:
        late = time.monotonic() < self._late_until
        bare = self.watch.status is not None and self.watch.status.state in BARE
        return Standing(self.address, self.ready, self.free, late, bare)

    def mark_late(self) -> None:
        """It kept somebody waiting: others are asked before it, for a while."""
        self._late_until = time.monotonic() + LATE_S

    def _count_places(self, status: control_pb2.ModelStatus) -> None:
        self._count.note_status(status.slots_total, status.slots_free, self.lanes.open_lanes)

    async def run(self) -> None:
        async with task_group() as group:
            group.create_task(self.lanes.run())
            group.create_task(self.watch.run())
