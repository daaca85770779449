"""Loads, unloads and clears the model of one replica."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import grpc

from chassis.faults import Fault, InvalidArgument, NotReady, Unavailable, Unsupported
from chassis.grpc_options import CHANNEL_OPTIONS
from protos.parley.v1 import control_pb2, control_pb2_grpc

LOAD_S = 1800.0
"""Weights may have to be downloaded first."""
OTHER_S = 120.0
_FAULTS = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
    grpc.StatusCode.FAILED_PRECONDITION: NotReady,
}
Call = Callable[["control_pb2_grpc.ModelControlAsyncStub"], Awaitable[control_pb2.ModelStatus]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one replica answered: its status, or why not."""

    address: str
    status: control_pb2.ModelStatus | None = None
    fault: Fault | None = None


async def load(address: str, request: control_pb2.LoadRequest) -> Outcome:
    return await _ask(address, lambda stub: stub.Load(request, timeout=LOAD_S))


async def unload(address: str) -> Outcome:
    return await _ask(address, lambda stub: stub.Unload(control_pb2.UnloadRequest(), timeout=OTHER_S))


async def clear_cache(address: str) -> Outcome:
    return await _ask(address, lambda stub: stub.ClearCache(control_pb2.ClearCacheRequest(), timeout=OTHER_S))


async def _ask(address: str, call: Call) -> Outcome:
    async with grpc.aio.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        stub: control_pb2_grpc.ModelControlAsyncStub = control_pb2_grpc.ModelControlStub(channel)
        try:
            return Outcome(address, status=await call(stub))
        except grpc.aio.AioRpcError as error:
            kind = _FAULTS.get(error.code())
            if kind is None:  # the words are gRPC's
                return Outcome(address, fault=Unavailable(f"{address} does not answer ({error.code().name})"))
            return Outcome(address, fault=kind(error.details() or error.code().name))
