"""A replay as people read it: what happened when and in which phase, and under it what was commanded."""

import dataclasses
from collections.abc import Iterator
from enum import Enum
from typing import Any

from gateway.conversation.conversation import Command
from gateway.conversation.effects import CommitTurn, Effect
from gateway.conversation.plain import plain
from gateway.event_log.lines import Deadline, End, Head, fields_of, shown
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
    yield from _tell_all(replay.steps())
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
    counted = f"{_count(turns, 'turn')}, {interrupted} interrupted, {_count(events, 'event')}"
    return f"{last:.1f} s, {counted}; {_end(replay)}"


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _begin(head: Head) -> Iterator[str]:
    session, started, version, wire = map(shown, (head.session, head.started, head.version, head.dialect))
    yield f"session {session} of {started}, Parley {version}, wire {wire}"
    for agent in head.agents:
        yield f"agent {shown(agent.name)} {_chosen(agent, 'name', 'prompt')}".rstrip()
    yield f"limits {_chosen(head.limits) or 'as they are by default'}"
    if head.earlier:
        yield f"goes on from {_count(len(head.earlier), 'earlier turn')}"


def _tell_all(steps: Iterator[Step]) -> Iterator[str]:
    """What comes again and does nothing, as pieces of sound do, is counted."""
    kind, more, until = None, 0, 0.0
    for step in steps:
        if type(step.entry) is kind and not step.commands:
            more, until = more + 1, step.entry.at
            continue
        yield from _tell_more(more, until)
        yield from _tell(step)
        kind, more = type(step.entry), 0
    yield from _tell_more(more, until)


def _tell_more(more: int, until: float) -> Iterator[str]:
    if more:
        yield f"{'':29}and {more} more of it until {until:.3f}"


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


def _chosen(value: Any, *besides: str) -> str:
    """What is not as it is by default."""
    fields = [field for field in dataclasses.fields(value) if field.name not in besides]
    held = {field.name: getattr(value, field.name) for field in fields}
    return _fields({field.name: held[field.name] for field in fields if held[field.name] != field.default})


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
