"""BeautyAI's `/models`: the registry of language models, and the one that is loaded."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, HTTPException, Query, Request

from chassis.faults import ClientFault, Fault, InvalidArgument
from gateway.apis.beautyai.model_loading import entry_of, first_status, is_operator, load_model
from gateway.apis.body import SlowBody, read_body
from gateway.apis.callers import check_admin, check_caller
from gateway.apis.completion import served_models
from gateway.apis.model_states import state
from gateway.apis.timestamp import now
from gateway.links.links import Links
from gateway.registry.entry import ModelEntry
from gateway.registry.registry import OWN, ModelRegistry, Models, UnknownModel
from protos.parley.v1 import control_pb2 as pb

T = TypeVar("T")
MB = 1024 * 1024
Fields = dict[str, Any]


def registry_router() -> APIRouter:
    router = APIRouter()
    reading = APIRouter(prefix="/models", dependencies=[Depends(check_caller)])
    changing = APIRouter(prefix="/models", dependencies=[Depends(check_admin)])
    _add_reading(reading)
    _add_loading(changing)  # before /models/default/{name}: the service's own model is called default
    _add_writing(changing)
    for part in (reading, changing):
        router.include_router(part)
    return router


def _add_reading(router: APIRouter) -> None:
    @router.get("")
    @router.get("/")
    async def listed(
        request: Request, limit: int = Query(100, ge=1, le=1000), offset: int = Query(0, ge=0)
    ) -> Fields:
        with envelope() as answer:
            models = await _read(request, ModelRegistry.read)
            rows = [_own(request, models)]
            rows += [_row(name, entry, models) for name, entry in models.entries.items()]
            if not is_operator(request):  # who may not load is shown what is loaded
                served = served_models(request.app.state.gateway.links)
                rows = [row for row in rows if row["name"] in served]
            answer |= {"data": None, "models": rows[offset : offset + limit], "total_count": len(rows)}
        return answer

    @router.get("/loaded")
    @router.get("/loaded/detailed")
    async def loaded(request: Request) -> Fields:
        with envelope() as answer:
            answer["data"] = _status(request.app.state.gateway.links)
        return answer

    @router.get("/{name}")
    async def one(name: str, request: Request) -> Fields:
        with envelope() as answer:
            models = await _read(request, ModelRegistry.read)
            written = _own(request, models) if name == OWN else models.find(name).written()
            answer["data"] = {**written, "name": name, "is_default": name == (models.default or OWN)}
        return answer

    @router.get("/{name}/status")
    async def status(name: str, request: Request) -> Fields:
        with envelope() as answer:
            await entry_of(request, name)
            answer["data"] = {"model_name": name, **_status(request.app.state.gateway.links)}
        return answer


def _add_writing(router: APIRouter) -> None:
    @router.post("")
    @router.post("/")
    async def add(request: Request) -> Fields:
        body = await _fields(request)
        with envelope() as answer:
            name, fields, as_default = _given(body)
            await _read(request, lambda registry: registry.add(name, fields, as_default))
            answer |= {"data": None, "model_name": name, "message": f"Model {name!r} was added"}
        return answer

    @router.put("/{name}")
    async def change(name: str, request: Request) -> Fields:
        body = await _fields(request)
        with envelope() as answer:
            fields = body.get("model_config", body)
            if not isinstance(fields, dict):
                raise InvalidArgument("model_config must be an object")
            entry = await _read(request, lambda registry: registry.put(name, fields))
            answer |= {"data": entry.written(), "model_name": name, "message": f"Model {name!r} was changed"}
        return answer

    @router.delete("/{name}")
    async def remove(name: str, request: Request) -> Fields:
        with envelope() as answer:
            await _read(request, lambda registry: registry.remove(name))
            answer |= {"data": None, "model_name": name, "message": f"Model {name!r} was removed"}
        return answer

    @router.post("/default/{name}")
    async def choose(name: str, request: Request) -> Fields:
        with envelope() as answer:
            await _read(request, lambda registry: registry.choose_default(name))
            answer |= {"data": None, "model_name": name, "message": f"Model {name!r} is the default"}
        return answer


def _add_loading(router: APIRouter) -> None:
    @router.post("/{name}/load")
    async def load(name: str, request: Request) -> Fields:
        body = await _fields(request)
        with envelope() as answer:
            entry, links = await entry_of(request, name), request.app.state.gateway.links
            status = await load_model(links, name, entry, bool(body.get("force_reload")))
            answer |= {
                "data": None,
                "model_name": name,
                "model_id": status.model,
                "engine": status.engine,
                "fallback": status.fallback,
                "memory_usage_mb": round(status.memory_bytes / MB, 1),
                "load_time_seconds": round(status.load_s, 2),
            }
        return answer

    @router.api_route("/{name}/unload", methods=["POST", "DELETE"])
    async def unload(name: str, request: Request) -> Fields:
        with envelope() as answer:
            links = request.app.state.gateway.links
            before = links.llm.status
            if before is None or before.name != name:  # whose name was taken away may still be loaded
                await entry_of(request, name)
            if before is None or before.state != pb.MODEL_STATE_READY or (before.name or OWN) != name:
                raise InvalidArgument(f"model {name!r} is not loaded")
            after = first_status(await links.unload("llm"))
            freed = max(before.memory_bytes - after.memory_bytes, 0)
            answer["data"] = {
                "model_name": name,
                "status": "unloaded",
                "memory_freed_mb": round(freed / MB, 1),
                "memory_usage_mb": round(after.memory_bytes / MB, 1),
            }
        return answer


async def _fields(request: Request) -> Fields:
    """The body, a JSON object; an empty body is an empty one.

    Raises HTTPException: 408 too slow, 413 over `MAX_BODY_BYTES`, 422 for anything else. No parameter of the
    routes, so that it is read only once the caller has been let in.
    """
    try:
        data = await read_body(request)
        parsed = json.loads(data) if data.strip() else {}
    except SlowBody as slow:
        raise HTTPException(408, str(slow), {"Connection": "close"}) from None
    except Fault as fault:
        raise HTTPException(413, str(fault)) from None
    except (ValueError, RecursionError):
        raise HTTPException(422, "the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise HTTPException(422, "the body must be a JSON object")
    return parsed


@contextmanager
def envelope() -> Iterator[Fields]:
    """BeautyAI's: whether it worked, when, and how long it took. Faults become its errors."""
    started = time.monotonic()
    answer: Fields = {"success": True}
    try:
        yield answer
    except UnknownModel as fault:
        raise HTTPException(404, str(fault)) from None
    except ClientFault as fault:
        raise HTTPException(400, str(fault)) from None
    except Fault as fault:
        raise HTTPException(503 if fault.retryable else 500, str(fault)) from None
    answer["timestamp"] = now()
    answer["execution_time_ms"] = round((time.monotonic() - started) * 1000, 1)


async def _read(request: Request, use: Callable[[ModelRegistry], T]) -> T:
    """What `use` makes of the registry, in a thread: it reads and writes a file."""
    return await asyncio.to_thread(use, request.app.state.gateway.registry)


def _given(body: Mapping[str, Any]) -> tuple[str, Any, bool]:
    """Name, fields and whether it is to be the default, from either of BeautyAI's two shapes."""
    if "model_config" in body:
        return str(body.get("model_name") or ""), body["model_config"], bool(body.get("set_as_default"))
    fields = {key: value for key, value in body.items() if key not in ("name", "set_as_default")}
    return str(body.get("name") or ""), fields, bool(body.get("set_as_default"))


def _row(name: str, entry: ModelEntry, models: Models) -> Fields:
    return {
        "name": name,
        "model_id": entry.model_id,
        "engine_type": entry.engine_type,
        "quantization": entry.quantization,
        "dtype": entry.dtype,
        "description": entry.description,
        "is_default": name == models.default,
    }


def _own(request: Request, models: Models) -> Fields:
    status = request.app.state.gateway.links.llm.status or pb.ModelStatus()
    if status.name:  # another is loaded in its stead, and tells nothing of it
        status = pb.ModelStatus()
    entry = ModelEntry(model_id=status.model or "unknown", description="chosen by the service's settings")
    own = {**_row(OWN, entry, models), "engine_type": status.engine}
    return {**own, "is_default": models.default in ("", OWN)}


def _status(links: Links) -> Fields:
    """What is loaded now, and what the service is doing."""
    status = links.llm.status
    if status is None:
        return {"loaded_models": [], "system_status": "unavailable", "total_loaded": 0, "timestamp": now()}
    ready = status.state == pb.MODEL_STATE_READY
    loaded = {
        "name": status.name or OWN,
        "model_id": status.model,
        "engine": status.engine,
        "device": status.device,
        "fallback": status.fallback,
        "memory_usage_mb": round(status.memory_bytes / MB, 1),
        "load_time_seconds": round(status.load_s, 2),
    }
    return {
        "loaded_models": [loaded] if ready else [],
        "system_status": state(status),
        "detail": status.detail,
        "total_loaded": int(ready),
        "timestamp": now(),
    }
