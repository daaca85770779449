"""Puts the gateway together: what is shared, the routes, the life of the process."""

import asyncio
import socket as sockets
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import FastAPI, WebSocket

from chassis.logs import get_logger
from chassis.tasks import task_group
from gateway.apis.ai_talk.identity import describe
from gateway.apis.ai_talk.models import models_router
from gateway.apis.ai_talk.status import status_router
from gateway.apis.beautyai.inference_api import inference_router
from gateway.apis.beautyai.registry_api import registry_router
from gateway.apis.beautyai.system import system_router
from gateway.apis.cors import LoggedCors
from gateway.apis.head import HeadAsGet
from gateway.apis.llm_share import LlmShare
from gateway.apis.openai.api import openai_router
from gateway.apis.parley.check import check_router
from gateway.apis.parley.page import WEB, WebFiles, page_router
from gateway.apis.parley.voices import voices_router
from gateway.apis.probes.health import health_router
from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import WireLimits
from gateway.dialects.parley import ParleyDialect
from gateway.door.admission import Admission
from gateway.door.keys import KeyRing
from gateway.door.origins import OriginPolicy
from gateway.door.server import DrainingServer, listen, make_server
from gateway.door.sockets import Door
from gateway.event_log.event_logs import EventLogs
from gateway.links.links import Links
from gateway.memory.redis_memory import RedisMemory
from gateway.registry.registry import ModelRegistry
from gateway.session.surroundings import Surroundings
from gateway.session.wheel import Wheel
from gateway.settings import GatewaySettings, split

log = get_logger(__name__)
WIRES: dict[str, WireLimits] = {
    "/v1/conversation": ParleyDialect.capabilities.limits,
    "/ws/conversation": AiTalkDialect().capabilities.limits,
}
SMALLEST_BYTES = 4096
"""Of a message on a path that nobody answers."""
LAST_WRITES_S = 2.0
LEAVE_S = 3.0


@dataclass(frozen=True, slots=True)
class Gateway:
    """What the routes share."""

    links: Links
    memory: RedisMemory
    admission: Admission
    origins: OriginPolicy
    keys: KeyRing
    door: Door
    registry: ModelRegistry
    llm_share: LlmShare
    event_logs: EventLogs | None


def make_gateway(settings: GatewaySettings) -> Gateway:
    links = Links(
        split(settings.stt_addresses),
        split(settings.llm_addresses),
        split(settings.tts_addresses),
        split(settings.analysis_addresses),
    )
    memory = RedisMemory(settings.redis_url.get_secret_value(), settings.memory_ttl_s)
    admission = Admission(links, settings.max_sessions, settings.max_sessions_per_ip, settings.shares())
    origins = OriginPolicy(split(settings.cors_origins), split(settings.allowed_hosts))
    keys = settings.key_ring()
    around = Surroundings(
        links=links,
        memory=memory,
        limits=settings.limits(),
        wheel=Wheel(),
        owner=f"{sockets.gethostname()}:{settings.port}",
        profile=settings.profile,
        language=settings.session_language,
        event_logs=settings.event_logs(),
    )
    registry = ModelRegistry(Path(settings.model_registry) if settings.model_registry else None)
    door = Door(around, admission, origins, keys)
    share = LlmShare(links, settings.http_llm_share)
    return Gateway(links, memory, admission, origins, keys, door, registry, share, around.event_logs)


def make_app(settings: GatewaySettings, gateway: Gateway) -> FastAPI:
    docs = "/docs" if settings.debug else None
    app = FastAPI(
        title="Parley",
        docs_url=docs,
        redoc_url="/redoc" if settings.debug else None,
        openapi_url="/openapi.json" if settings.debug else None,
        # The framework would record what is asked, in words; our traces have none.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.gateway = gateway
    app.include_router(page_router(partial(describe, debug=settings.debug)))
    app.include_router(health_router())
    app.include_router(status_router(settings))
    app.include_router(check_router())
    app.include_router(models_router())
    app.include_router(registry_router())
    app.include_router(system_router())
    app.include_router(openai_router())
    app.include_router(voices_router())
    app.include_router(inference_router())
    app.mount("/web", WebFiles(directory=WEB), name="web")
    app.add_middleware(
        LoggedCors,
        allow_origins=list(split(settings.cors_origins)),
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        # OpenAI's client for pages sends a dozen of its own, and more with every version.
        allow_headers=["*"],
        expose_headers=["Retry-After"],
    )
    app.add_middleware(HeadAsGet)
    text_first = settings.ai_talk_order == "text_first"

    @app.websocket("/v1/conversation")
    async def conversation(websocket: WebSocket) -> None:
        await gateway.door.welcome(websocket, ParleyDialect)

    @app.websocket("/ws/conversation")
    async def ai_talk(websocket: WebSocket) -> None:
        await gateway.door.welcome(websocket, lambda: AiTalkDialect(text_first))

    return app


def message_bytes(path: str) -> int:
    """The largest message that the wire of a path takes."""
    wire = WIRES.get(path)
    return wire.message_bytes if wire is not None else SMALLEST_BYTES


async def serve(settings: GatewaySettings, stop: asyncio.Event) -> None:
    """Run until `stop`, then drain: no new sessions, old ones may finish, what was said is written."""
    listener = listen(settings.host, settings.port)
    gateway = make_gateway(settings)
    server = make_server(
        make_app(settings, gateway), message_bytes, settings.ws_ping_interval, settings.ws_ping_timeout
    )
    async with task_group() as group:
        background = [group.create_task(work) for work in _background(gateway)]
        serving = group.create_task(server.serve(sockets=[listener]))
        log.info("listening", service="gateway", address=f"{settings.host}:{settings.port}")
        await stop.wait()
        await drain(gateway, settings.drain_s)
        await _end(server, serving)
        await _write_last(gateway)
        for task in background:
            task.cancel()
    await gateway.memory.close()
    log.info("stopped", service="gateway")


def _background(gateway: Gateway) -> Iterator[Coroutine[Any, Any, None]]:
    """What runs beside the sessions."""
    yield gateway.links.run()
    yield gateway.memory.run()
    if gateway.event_logs is not None:
        yield gateway.event_logs.run()


async def _write_last(gateway: Gateway) -> None:
    async with task_group() as group:
        group.create_task(gateway.memory.finish(LAST_WRITES_S))
        if gateway.event_logs is not None:
            group.create_task(gateway.event_logs.finish(LAST_WRITES_S))


async def drain(gateway: Gateway, drain_s: float) -> None:
    """Wait up to drain_s for sessions to end by themselves, then end them politely."""
    gateway.admission.draining = True
    log.info("draining", sessions=gateway.admission.sessions)
    await gateway.admission.wait_empty(drain_s)
    gateway.door.send_all_away()
    await gateway.admission.wait_empty(LEAVE_S)


async def _end(server: DrainingServer, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    await asyncio.wait([serving], timeout=LEAVE_S)
    server.force_exit = True
