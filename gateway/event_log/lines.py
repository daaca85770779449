"""The lines of an event log: JSON, one object each. The first says whose it is, the last why it ends.

Whatever kinds of events there are can be written and read; nothing here knows one of them by name.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, assert_never

from gateway import VERSION
from gateway.conversation import events
from gateway.conversation.agent import Agent
from gateway.conversation.events import Event
from gateway.conversation.limits import Limits
from gateway.conversation.plain import BROKEN, built, plain

FORMAT = 1
MARK = "parley_event_log"
"""In the first line: its value is the format."""
SHOWN = 60
"""Signs of what is not ours, where a person reads it."""
_ALL = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event)]
KINDS = {kind.__name__: kind for kind in _ALL if not any(kind in other.__bases__ for other in _ALL)}
"""Of events, by the names that they have in a log."""


class BadLog(ValueError):
    """What is wrong with it, in a sentence."""


@dataclass(frozen=True, slots=True)
class Head:
    """All that the decisions hang on besides the events. `started`: in UTC; events count from there.

    Agents are without their prompts, which decide nothing. `earlier`: what was said and heard in the sessions
    that this one continues.
    """

    session: str
    started: str
    dialect: str
    language: str
    agents: tuple[Agent, ...]
    limits: Limits
    earlier: tuple[tuple[str, str], ...] = ()
    version: str = VERSION
    """Of the Parley that wrote it."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """The conversation was told that this much time has passed."""

    at: float


class End(Enum):
    """CLOSED: with the session. FULL: it went on, and there is no more room in the log."""

    CLOSED = "closed"
    FULL = "full"


Entry = Event | Deadline


def without_prompts(agents: Sequence[Agent]) -> tuple[Agent, ...]:
    return tuple(replace(agent, prompt="", variants=dict.fromkeys(agent.variants, "")) for agent in agents)


# ---------------------------------------------------------------------- writing


def line_of(part: Head | Entry | End) -> bytes:
    """ASCII: whatever was said, half a character too, is read again as it was."""
    return json.dumps(fields_of(part), separators=(",", ":")).encode("ascii") + b"\n"


def fields_of(part: Head | Entry | End) -> dict[str, Any]:
    """The object that its line is."""
    match part:
        case End():
            return {"end": part.value}
        case Deadline():
            return {"deadline": part.at}
        case Head():
            return {MARK: FORMAT, **_plain(part)}
        case Event():
            return {"event": type(part).__name__, **_plain(part)}
        case _:
            assert_never(part)


def _plain(part: Head | Event) -> dict[str, Any]:
    fields: Any = plain(part)
    return dict(fields)


# ---------------------------------------------------------------------- reading


def read_head(line: bytes) -> Head:
    """Raises BadLog."""
    try:
        fields = _object(line)
    except BadLog:
        fields = {}
    if MARK not in fields:
        raise BadLog("it is no event log: its first line does not say so")
    version = shown(fields.get("version"))
    if (given := fields.pop(MARK)) != FORMAT:
        raise BadLog(
            f"its format is {shown(given)}, of Parley {version}; this is {VERSION} and reads {FORMAT}"
        )
    try:
        head: Head = built(Head, {**fields, "agents": [_with_prompt(agent) for agent in fields["agents"]]})
        if not head.agents:
            raise ValueError("somebody must answer")
    except BROKEN:
        raise BadLog(
            f"its first line is broken, or has what this Parley ({VERSION}) does not know: it is of {version}"
        ) from None
    return head


def _with_prompt(agent: Any) -> dict[str, Any]:
    return {"prompt": "", **agent}


def read_entry(line: bytes, version: str = VERSION) -> Entry | End:
    """`version`: of the Parley that wrote it. Raises BadLog."""
    fields = _object(line)
    try:
        if "deadline" in fields:
            return Deadline(built(float, fields["deadline"]))
        if "end" in fields:
            return End(fields["end"])
        name = fields.pop("event")
        kind = KINDS.get(name)
    except BROKEN:
        raise BadLog("it is neither an event nor a deadline nor an end") from None
    if kind is None:
        raise BadLog(f"this Parley ({VERSION}) knows no event {shown(name)}: the log is of {shown(version)}")
    try:
        event: Event = built(kind, fields)
    except BROKEN:
        raise BadLog(
            f"{name} is broken, or has other fields than this Parley ({VERSION}) gives it: the log is of "
            f"{shown(version)}"
        ) from None
    return event


def shown(given: object) -> str:
    """What stands in a file that anybody may have written: short, and it moves no cursor."""
    return repr(str(given)[:SHOWN])[1:-1]


def _object(line: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise BadLog("it is not JSON") from None
    if not isinstance(fields, dict):
        raise BadLog("it is no JSON object")
    return fields
