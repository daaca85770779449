"""A replay as people read it: what happened when and in which phase, and under it what was commanded."""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any

from gateway.conversation.conversation import Command
from gateway.conversation.effects import CommitTurn, Effect
from gateway.conversation.limits import Limits
from gateway.conversation.plain import plain
from gateway.event_log.lines import Deadline, End, Head, fields_of
from gateway.event_log.replay import Replay, Step

SHORT = 60
"""Signs of a text that are shown."""
WORDS_OF_END = {
    End.CLOSED: "the session ended here",
    End.FULL: "the log was full here (EVENT_LOG_SESSION_MB), the session went on",
}
CUT = "the last line is cut off: the gateway died while it wrote it"
OPEN = "the log ends here, without an end: the session goes on, or its gateway died"


def lines(replay: Replay) -> Iterator[str]:
    yield from _begin(replay.head)
    for step in replay.steps():
        yield from _tell(step)
    yield _end(replay)


def objects(replay: Replay) -> Iterator[dict[str, Any]]:
    """The same for programs: the head as it stands in the log, the steps, and `end`: "closed", "full", "cut",
    or null where nothing says why it ends. `told` of a step is its line of the log.
    """
    yield fields_of(replay.head)
    for step in replay.steps():
        yield {
            "at": step.entry.at,
            "phase": step.phase.value,
            "turn": step.turn,
            "told": fields_of(step.entry),
            "commands": [_command_fields(command) for command in step.commands],
        }
    yield {"end": "cut"} if replay.is_cut else {"end": replay.end.value if replay.end else None}


def summary(replay: Replay) -> str:
    """Of all of it, in a line."""
    events, turns, interrupted, last = 0, 0, 0, 0.0
    for step in replay.steps():
        events, last = events + 1, step.entry.at
        committed = [command for command in step.commands if isinstance(command, CommitTurn)]
        turns += len(committed)
        interrupted += sum(turn.interrupted for turn in committed)
    return f"{last:.1f} s, {turns} turns, {interrupted} interrupted, {events} events; {_end(replay)}"


def _begin(head: Head) -> Iterator[str]:
    given = _fields(
        {
            field.name: held
            for field in dataclasses.fields(Limits)
            if (held := getattr(head.limits, field.name)) != field.default
        }
    )
    yield f"session {head.session} of {head.started}, Parley {head.version}, wire {head.dialect}"
    for agent in head.agents:
        yield f"agent {agent.name} {_fields({'variant': agent.variant, 'language': agent.language})}"
    yield f"limits {given or 'as they are by default'}"
    if head.earlier:
        yield f"goes on from {len(head.earlier)} earlier turns"


def _tell(step: Step) -> Iterator[str]:
    entry = step.entry
    words = "Deadline" if isinstance(entry, Deadline) else f"{type(entry).__name__} {_details(entry, 'at')}"
    yield f"{entry.at:9.3f}  {step.phase.value:<9} {step.turn:>3}  {words}".rstrip()
    for command in step.commands:
        way = "do  " if isinstance(command, Effect) else "tell"
        yield f"{'':29}{way} {type(command).__name__} {_details(command)}".rstrip()


def _end(replay: Replay) -> str:
    if replay.is_cut:
        return CUT
    return OPEN if replay.end is None else WORDS_OF_END[replay.end]


def _command_fields(command: Command) -> dict[str, Any]:
    fields: Any = plain(command)
    return {"command": type(command).__name__, **fields}


# ---------------------------------------------------------------------- fields in short


def _details(value: Any, *besides: str) -> str:
    names = [field.name for field in dataclasses.fields(value) if field.name not in besides]
    return _fields({name: getattr(value, name) for name in names})


def _fields(fields: dict[str, Any]) -> str:
    return " ".join(words for name, held in fields.items() if (words := _field(name, held)))


def _field(name: str, held: Any) -> str:
    """`name=value`; a list by its length, what is not there not at all."""
    match held:
        case None:
            return ""
        case bool():
            return f"{name}={'yes' if held else 'no'}"
        case str():
            return f"{name}={held[:SHORT]!r}{'…' * (len(held) > SHORT)}"
        case float():
            return f"{name}={held:.3f}".rstrip("0").rstrip(".")
        case Enum():
            return f"{name}={held.value}"
        case list() | tuple() | set() | frozenset() | dict():
            return f"{name}:{len(held)}" if held else ""
        case _ if dataclasses.is_dataclass(held):
            return _details(held)
        case _:
            return f"{name}={held}"
