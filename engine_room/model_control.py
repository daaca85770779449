"""The ModelControl service: load, unload and watch the model of any service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from chassis.faults import ClientFault, Fault
from engine_room.engine_host import EngineHost, State
from engine_room.engines import Choice
from protos.parley.v1 import control_pb2 as pb
from protos.parley.v1 import control_pb2_grpc

_STATES = {
    State.UNLOADED: pb.MODEL_STATE_UNLOADED,
    State.LOADING: pb.MODEL_STATE_LOADING,
    State.READY: pb.MODEL_STATE_READY,
    State.FAILED: pb.MODEL_STATE_FAILED,
    State.DRAINING: pb.MODEL_STATE_DRAINING,
}
STATUS_EVERY_S = 1.0
"""A status is also a heartbeat of this process's event loop: gRPC's threads answer pings for a hung one."""
STATUS_APART_S = 0.1
MANY_PLACES = 16
"""While so many are free nobody is refused one: that one was taken or freed need not be told at once."""
Context = grpc.aio.ServicerContext[Any, Any]


class ModelControl(control_pb2_grpc.ModelControlServicer):
    """Answers with the status after what was asked, or INVALID_ARGUMENT, FAILED_PRECONDITION, INTERNAL.

    `drain_s`: seconds that loading and unloading wait for open streams.
    """

    def __init__(self, service: str, host: EngineHost[Any], drain_s: float) -> None:
        self._service, self._host, self._drain_s = service, host, drain_s

    async def Load(self, request: pb.LoadRequest, context: Context) -> pb.ModelStatus:
        choice = Choice(request.name, dict(request.settings)) if request.name else None
        try:
            await self._host.load(choice, request.reload, self._drain_s)
        except ClientFault as fault:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(fault))
        except Fault as fault:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"loading failed: {fault}")
        except Exception as error:
            await context.abort(grpc.StatusCode.INTERNAL, f"loading failed: {type(error).__name__}")
        return self.status()

    async def Unload(self, request: pb.UnloadRequest, context: Context) -> pb.ModelStatus:  # noqa: ARG002
        try:
            await self._host.unload(self._drain_s)
        except Fault as fault:
            await context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(fault))
        return self.status()

    async def ClearCache(self, request: pb.ClearCacheRequest, context: Context) -> pb.ModelStatus:  # noqa: ARG002
        await self._host.clear_cache()
        return self.status()

    async def Status(self, request: pb.StatusRequest, context: Context) -> pb.ModelStatus:  # noqa: ARG002
        return self.status()

    async def Watch(
        self,
        request: pb.StatusRequest,  # noqa: ARG002
        context: Context,  # noqa: ARG002
    ) -> AsyncIterator[pb.ModelStatus]:
        async for _ in self._host.changes(STATUS_EVERY_S):
            status = self.status()
            yield status
            if status.slots_free >= MANY_PLACES:
                await asyncio.sleep(STATUS_APART_S)

    def status(self) -> pb.ModelStatus:
        host, info = self._host, self._host.engine.info
        return pb.ModelStatus(
            service=self._service,
            engine=info.name,
            model=info.model,
            state=_STATES[host.state],
            slots_total=info.slots,
            slots_free=host.free,
            device=info.device,
            sample_rate=info.sample_rate,
            languages=info.languages,
            voices=info.voices,
            detail=host.detail,
            abilities=info.abilities,
            fallback=info.fallback,
            name=host.choice.name,
            memory_bytes=host.memory_bytes,
            load_s=host.load_s,
            slice_bytes=host.guard.slice_bytes if host.guard else 0,
            gpu_bytes=host.gpu_bytes,
        )
