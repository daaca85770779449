"""Typed values as plain data and back: what JSON can say, so they may be written as JSON and read again."""

import dataclasses
from collections.abc import Mapping
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

Plain = None | bool | int | float | str | list["Plain"] | dict[str, "Plain"]
BROKEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What data that is not of a type makes `built` raise."""


def plain(value: Any) -> Plain:
    """Nothing of it changes with the value afterwards."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return cast(str, value.value)
    if isinstance(value, dict):
        return [[plain(key), plain(held)] for key, held in value.items()]
    if isinstance(value, set | frozenset):
        return [plain(member) for member in sorted(value)]
    if isinstance(value, list | tuple):
        return [plain(member) for member in value]
    return cast(Plain, value)


def built(kind: Any, given: Any) -> Any:
    """A value of this type. What a dataclass has a default for may be missing. Raises one of BROKEN."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is UnionType:  # here always: something or None
        return None if given is None else built(next(part for part in inner if part is not NoneType), given)
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return cast(Any, kind)(**{name: built(hints[name], held) for name, held in given.items()})
    if origin in (dict, Mapping):
        return {built(inner[0], key): built(inner[1], held) for key, held in given}
    if origin in (list, set, frozenset):
        return origin(built(inner[0], member) for member in given)
    if origin is tuple:
        parts = [inner[0]] * len(given) if inner[1:] == (...,) else inner
        return tuple(built(part, member) for part, member in zip(parts, given, strict=True))
    if origin is Literal:
        return inner[inner.index(given)]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(given)
    return _checked(kind, given)


def _checked(kind: type, given: Any) -> Any:
    """JSON may have made 1.0 of 1 or the other way round; nothing else passes for another type."""
    if kind is float and isinstance(given, int) and not isinstance(given, bool):
        return float(given)
    if type(given) is not kind:
        raise TypeError
    return given
