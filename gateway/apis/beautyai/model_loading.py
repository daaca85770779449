"""Loads a language model of the registry: on request, or when the operator asks a question of it by name."""

import asyncio

from starlette.requests import Request

from chassis.faults import InvalidArgument, NotReady
from gateway.apis.completion import served_models
from gateway.door.keys import Standing
from gateway.links.control import Outcome
from gateway.links.links import Links
from gateway.registry.entry import ModelEntry
from gateway.registry.registry import OWN, ModelRegistry, UnknownModel
from protos.parley.v1 import control_pb2 as pb

TOLD_S = 5.0
"""A replica tells of its new model at once; so long it may take to be heard."""
LOOK_S = 0.02


def is_operator(request: Request) -> bool:
    """Whether the caller may change what is loaded."""
    standing: Standing = request.app.state.gateway.keys.standing(request.headers)
    return standing is Standing.OPERATOR


async def entry_of(request: Request, name: str) -> ModelEntry | None:
    """The registry's entry; None for the service's own model. Raises UnknownModel."""
    if name == OWN:
        return None
    registry: ModelRegistry = request.app.state.gateway.registry
    return (await asyncio.to_thread(registry.read)).find(name)


async def load_model(
    links: Links, name: str, entry: ModelEntry | None, reload: bool = False
) -> pb.ModelStatus:
    """Load it on every replica, each once its streams under way have ended; None: the service's own model.

    The status of the first replica; raises the fault of one that did not load it.
    """
    settings = entry.settings() if entry else {}
    asked = pb.LoadRequest(name=name, settings=settings, reload=reload)
    return first_status(await links.load("llm", asked))


def first_status(outcomes: list[Outcome]) -> pb.ModelStatus:
    """The status of the first replica that did it; raises the fault of one that did not."""
    for outcome in outcomes:
        if outcome.fault is not None:
            raise outcome.fault
    return next(outcome.status for outcome in outcomes if outcome.status is not None)


async def serve_model(request: Request, name: str) -> None:
    """After this the model answers to `name`: a registered one is loaded first when the operator asks it.

    Raises InvalidArgument for a name that is not served, with those that are, and what a load raises.
    Without a model nothing is served, and that is for the link to say.
    """
    links: Links = request.app.state.gateway.links
    served = served_models(links)
    if not served or name in served:
        return
    refusal = f"model_name {name[:80]!r} is not served here; served: {', '.join(served)}"
    try:
        entry = await entry_of(request, name)
    except UnknownModel:
        raise InvalidArgument(refusal) from None
    if not is_operator(request):
        raise InvalidArgument(f"{refusal}; only the operator may load another")
    await load_model(links, name, entry)
    await _await_served(links, name)


async def _await_served(links: Links, name: str) -> None:
    for _ in range(int(TOLD_S / LOOK_S)):
        if links.llm.ready and name in served_models(links):
            return
        await asyncio.sleep(LOOK_S)
    raise NotReady(f"model {name[:80]!r} was loaded, and another has taken its place; ask again")
