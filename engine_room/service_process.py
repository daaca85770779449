"""The life of a gRPC service: listen, load and warm, serve, drain, leave."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from chassis.faults import Unavailable
from chassis.grpc_options import SERVER_OPTIONS
from chassis.logs import get_logger
from chassis.secrets import words_of
from chassis.tasks import task_group
from engine_room.engine_host import EngineHost, State
from engine_room.gpu_guard import GpuGuard, GpuTerms
from engine_room.model_control import ModelControl
from engine_room.settings import ServiceSettings
from protos.parley.v1 import control_pb2_grpc

log = get_logger(__name__)
MAX_STREAMS = 512
"""Two for each gateway, those that leave included, besides requests: slots bound the work, not this."""
ALIVE = "alive"
"""On the health board: the event loop turns, whatever the model does. A model that loads, or streams that
end before the process does, are no reason to kill it."""
STOP_GRACE_S = 0.5
WEIGH_S = 15.0


async def run_service(
    name: str,
    settings: ServiceSettings,
    host: EngineHost[Any],
    add: Callable[[grpc.aio.Server], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop`, then drain. Health is SERVING only while the engine is loaded and warm.

    Raises OSError when the port is taken, Unavailable when the engine died and did not come back, or when it
    could not be loaded and the settings say that this ends the process.
    """
    server = grpc.aio.server(options=SERVER_OPTIONS, maximum_concurrent_rpcs=MAX_STREAMS)
    board = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(board, server)
    control_pb2_grpc.add_ModelControlServicer_to_server(ModelControl(name, host, settings.drain_s), server)
    add(server)
    await board.set(ALIVE, health_pb2.HealthCheckResponse.SERVING)
    port = _listen(server, settings)
    host.guard = GpuGuard(GpuTerms.of(settings), owner=f"{name} {socket.gethostname()}:{port}")
    await server.start()
    log.info("listening", service=name, address=f"{settings.grpc_host}:{port}")
    async with AsyncExitStack() as stack, task_group() as group:
        stack.push_async_callback(server.stop, STOP_GRACE_S)  # also when a task of the group fails
        watchers = [
            group.create_task(_show_health(name, host, board)),
            group.create_task(host.watch_health()),
            group.create_task(weigh_often(host)),
            group.create_task(host.guard.keep()),
        ]
        loading = _load(host, settings.exit_on_failed_load)
        loader = group.create_task(loading) if settings.preload else loading.close()
        await stop.wait()
        log.info("draining", service=name, streams=host.used)
        await host.drain(settings.drain_s)
        await server.stop(STOP_GRACE_S)
        for watcher in watchers:
            watcher.cancel()
        if loader is not None:
            loader.cancel()
    if not host.used:
        await host.engine.unload()
    log.info("stopped", service=name)


def _listen(server: grpc.aio.Server, settings: ServiceSettings) -> int:
    address = f"{settings.grpc_host}:{settings.grpc_port}"
    try:
        return server.add_insecure_port(address)
    except RuntimeError:
        raise OSError(f"cannot listen on {address}: the port is taken or not ours; set GRPC_PORT") from None


async def _load(host: EngineHost[Any], exit_on_failure: bool) -> None:
    try:
        await host.load()
    except Exception:
        if exit_on_failure:
            raise Unavailable(f"the model could not be loaded: {host.detail}") from None
        log.error("serving without a model", engine=host.engine.info.name, reason=host.detail)


async def weigh_often(host: EngineHost[Any]) -> None:
    """Measure the memory that is held every `WEIGH_S`, until cancelled; a failure is logged."""
    while True:
        await asyncio.sleep(WEIGH_S)
        try:
            await host.weigh()
        except Exception as error:  # no reason to end anybody's conversation: out of descriptors, say
            log.warning("memory not weighed", reason=words_of(error))


async def _show_health(name: str, host: EngineHost[Any], board: health.aio.HealthServicer) -> None:
    async for _ in host.changes():
        serving = host.state is State.READY
        status = (
            health_pb2.HealthCheckResponse.SERVING if serving else health_pb2.HealthCheckResponse.NOT_SERVING
        )
        await board.set(name, status)
        await board.set("", status)
