"""The service's end of a trunk: one task per lane, ended by a cancel item, a lost stream or itself."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Generic

import grpc

from chassis.deadlines import within
from chassis.faults import ClientFault, Fault, InternalFault, InvalidArgument, to_wire
from chassis.lane_gauges import LANES
from chassis.lane_items import EARLY_ITEMS, In, Out, Wire
from chassis.lane_trunk import Trunk
from chassis.lanes import Lane, LaneEnded
from chassis.logs import bound, get_logger
from chassis.tracing import begin
from protos.parley.v1 import common_pb2 as pb

log = get_logger(__name__)
Serve = Callable[[Lane[Out, In]], Awaitable[None]]
MAX_LANES = 4096
FIRST_ITEM_S = 5.0
"""A lane is opened with its first item: one whose item has not come by then is somebody's mistake."""


class LaneServer(Generic[Out, In]):
    """Runs `serve(lane)` for each lane that a peer opens on a stream. `window`: EARLY_ITEMS at least.

    `serve` sees one lane and knows nothing of the others; a cancel item cancels its task, whose
    `finally` frees what it holds; what it raises becomes the lane's fault. `work` is what traces call it.
    """

    def __init__(
        self,
        wire: Wire[Out],
        serve: Serve[Out, In],
        window: int,
        work: str = "lane",
        first_item_s: float = FIRST_ITEM_S,
    ) -> None:
        assert window >= EARLY_ITEMS
        self._wire, self._serve, self._window, self._work = wire, serve, window, work
        self._first_item_s = first_item_s

    async def run(self, context: grpc.aio.ServicerContext[Any, Any]) -> None:
        """Serve one stream until the peer ends it. Lanes still open then are cancelled."""
        await context.send_initial_metadata(())
        trunk: Trunk[Out, In] = Trunk(self._wire, context.write)
        tasks: dict[int, asyncio.Task[None]] = {}
        with LANES.counting(trunk):
            async with asyncio.TaskGroup() as group:
                writer = group.create_task(trunk.write_forever())
                try:
                    while (message := await context.read()) is not grpc.aio.EOF:
                        for item in message.items:
                            self._take(item, trunk, tasks, group)
                finally:
                    writer.cancel()
                    for task in tasks.values():
                        task.cancel()

    def _take(
        self,
        item: In,
        trunk: Trunk[Out, In],
        tasks: dict[int, asyncio.Task[None]],
        group: asyncio.TaskGroup,
    ) -> None:
        if not item.HasField("control"):
            trunk.deliver(item)
            return
        kind = item.control.WhichOneof("kind")
        if kind == "open":
            self._open(item, trunk, tasks, group)
        elif kind in ("cancel", "fault"):
            if lane := trunk.lanes.get(item.lane):
                lane.end(LaneEnded())
                trunk.forget(lane)
            if task := tasks.get(item.lane):
                task.cancel()
        elif kind == "trace":
            if lane := trunk.lanes.get(item.lane):
                lane.traces.keep(item.control.trace)
        else:
            trunk.deliver(item)

    def _open(
        self,
        item: In,
        trunk: Trunk[Out, In],
        tasks: dict[int, asyncio.Task[None]],
        group: asyncio.TaskGroup,
    ) -> None:
        opened = item.control.open
        lane: Lane[Out, In] = Lane(
            trunk, item.lane, opened.session, opened.turn, send=opened.credit, window=self._window
        )
        if item.lane in tasks or len(tasks) >= MAX_LANES:
            fault = InvalidArgument(f"lane {item.lane} is open already, or {MAX_LANES} lanes are")
            trunk.write_control(lane, pb.LaneControl(fault=to_wire(fault)))
            return
        trunk.add(lane)
        if more := self._window - EARLY_ITEMS:
            trunk.grant(lane, more, soon=True)
        task = group.create_task(self._run_lane(lane, opened.traceparent))
        tasks[item.lane] = task
        task.add_done_callback(lambda _: tasks.pop(lane.number, None))

    async def _await_first(self, lane: Lane[Out, In]) -> None:
        """Raises TooSlow: where the caller froze, that is no fault of what it asks for."""
        async with within(self._first_item_s, "the first item, which opens a lane,"):
            await lane.arrived()

    async def _run_lane(self, lane: Lane[Out, In], traceparent: str) -> None:
        span = lane.traces.span = begin(self._work, traceparent, session=lane.session, turn=lane.turn)
        with span, bound(session=lane.session, turn=lane.turn, **span.log_fields):
            try:
                await self._await_first(lane)
                await self._serve(lane)
                lane.close()
            except LaneEnded:
                lane.close()
            except ClientFault as fault:
                log.info("lane refused", fault=type(fault).__name__)
                span.fail(type(fault).__name__)
                lane.fail(fault)
            except Fault as fault:
                log.warning("lane failed", fault=type(fault).__name__)
                span.fail(type(fault).__name__)
                lane.fail(fault)
            except Exception as error:
                log.exception("lane broke")
                span.fail(type(error).__name__)
                lane.fail(InternalFault(to_wire(error).message))
