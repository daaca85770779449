"""One replica of a service: its stream of lanes and its model's status, watched."""

import asyncio
import random
from collections.abc import Callable
from typing import Any, Generic

import grpc

from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.lane_client import LaneClient
from chassis.lanes import In, Out, Wire
from chassis.logs import get_logger
from chassis.tasks import task_group
from protos.parley.v1 import control_pb2, control_pb2_grpc

log = get_logger(__name__)
WATCH_RETRY_S = 0.5


class StatusWatch:
    """The latest ModelStatus of one address; None while it does not answer.

    `channel`, there whenever the status is, serves other calls to the address too: they end with the watch.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.status: control_pb2.ModelStatus | None = None
        self.channel: grpc.aio.Channel | None = None

    @property
    def ready(self) -> bool:
        return self.status is not None and self.status.state == control_pb2.MODEL_STATE_READY

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
                    async for status in call:
                        self.status, self.channel = status, channel
                except grpc.aio.AioRpcError:
                    pass
                except Exception:
                    log.exception("watch broke", peer=self.address)
                finally:
                    call.cancel()
                    self.status = self.channel = None
            await asyncio.sleep(WATCH_RETRY_S * random.uniform(0.5, 1.0))


class Replica(Generic[Out, In]):
    """A place to open lanes. `free` never counts a slot that this gateway has taken already."""

    def __init__(
        self, address: str, method: Callable[[grpc.aio.Channel], Any], wire: Wire[Out], window: int
    ) -> None:
        self.address = address
        self.lanes: LaneClient[Out, In] = LaneClient(address, method, wire, window)
        self.watch = StatusWatch(address)

    @property
    def ready(self) -> bool:
        return self.lanes.connected and self.watch.ready

    @property
    def free(self) -> int:
        status = self.watch.status
        if status is None or not self.ready:
            return 0
        used = max(status.slots_total - status.slots_free, self.lanes.open_lanes)
        return max(status.slots_total - used, 0)

    @property
    def silent(self) -> bool:
        return self.watch.silent and not self.lanes.connected

    async def run(self) -> None:
        async with task_group() as group:
            group.create_task(self.lanes.run())
            group.create_task(self.watch.run())
