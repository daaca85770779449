"""A conversation as plain data and back: what another gateway needs to go on with it.

Plain: what JSON can say, so a snapshot may be written as JSON and read again. Agents and limits are not in
it: they belong to whoever goes on.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from enum import Enum
from types import NoneType, UnionType
from typing import Any, cast, get_args, get_origin, get_type_hints

from gateway.conversation.agent import Agent
from gateway.conversation.conversation import Conversation
from gateway.conversation.limits import Limits
from gateway.conversation.state import State

VERSION = 1
Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]


class BadSnapshot(ValueError):
    """It is of another version, broken, or of agents that are not there."""


def take(conversation: Conversation) -> dict[str, Plain]:
    """All that the conversation is. Nothing of it changes afterwards."""
    return {"version": VERSION, "state": _plain(conversation.state)}


def restore(
    snapshot: Mapping[str, Plain], agents: Sequence[Agent], limits: Limits | None = None
) -> Conversation:
    """One that answers every later event as the original would, on a clock that goes on from its time.

    Raises BadSnapshot.
    """
    if snapshot.get("version") != VERSION:
        raise BadSnapshot(f"version {VERSION} is understood, not {str(snapshot.get('version'))[:20]}")
    try:
        state: State = _built(State, snapshot["state"])
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadSnapshot(f"the snapshot is broken: {type(error).__name__}") from None
    if state.agent not in {agent.name for agent in agents}:
        raise BadSnapshot(f"there is no agent called {state.agent[:80]}")
    return Conversation(agents, limits, state=state)


def _plain(value: Any) -> Plain:
    if dataclasses.is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return cast(str, value.value)
    if isinstance(value, dict):
        return [[_plain(key), _plain(held)] for key, held in value.items()]
    if isinstance(value, set):
        return [_plain(member) for member in sorted(value)]
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return cast(Plain, value)


def _built(kind: Any, plain: Any) -> Any:
    """A value of this type. Raises what a wrong one makes it raise."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:  # here always: something or None
        return None if plain is None else _built(next(part for part in inner if part is not NoneType), plain)
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return cast(Any, kind)(**{name: _built(hints[name], held) for name, held in plain.items()})
    if origin is dict:
        return {_built(inner[0], key): _built(inner[1], held) for key, held in plain}
    if origin in (list, set):
        return origin(_built(inner[0], member) for member in plain)
    if origin is tuple:
        return tuple(_built(part, member) for part, member in zip(inner, plain, strict=True))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    return _checked(kind, plain)


def _checked(kind: type, plain: Any) -> Any:
    """JSON may have made 1.0 of 1 or the other way round; nothing else passes for another type."""
    if kind is float and isinstance(plain, int) and not isinstance(plain, bool):
        return float(plain)
    if type(plain) is not kind:
        raise TypeError
    return plain
