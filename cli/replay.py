"""`parley replay`: what a recorded session was told, and what is commanded when the core decides again."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cli.where import Refused

if TYPE_CHECKING:
    from gateway.event_log.replay import Replay


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="an event log; several: a line about each"
    )
    command.add_argument("--json", action="store_true", help="one JSON object a line; of one file")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status 1: one of them could not be replayed to its end."""
    files: list[Path] = options.files
    if len(files) > 1:
        if options.json:
            raise Refused("--json takes one file, not several")
        return max([_summarise(path) for path in files])
    for line in _told(files[0], _objects if options.json else _lines):
        print(line)
    return 0


def _summarise(path: Path) -> int:
    try:
        for line in _told(path, _summary):
            print(f"{path}: {line}")
    except Refused as reason:
        print(f"parley: {reason}", file=sys.stderr)
        return 1
    return 0


def _told(path: Path, tell: "Callable[[Replay], Iterator[str]]") -> Iterator[str]:
    """Raises Refused, after what could be read."""
    try:
        from gateway.event_log.lines import BadLog
        from gateway.event_log.replay import Replay
    except ImportError:
        raise Refused(
            "the core that would replay it is not installed here: copy the log to where it is"
        ) from None
    try:
        with path.open("rb") as file:
            yield from tell(Replay(file))
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    except BadLog as reason:
        raise Refused(f"{path} cannot be replayed: {reason}") from None


def _lines(replay: "Replay") -> Iterator[str]:
    from gateway.event_log.timeline import lines

    return lines(replay)


def _objects(replay: "Replay") -> Iterator[str]:
    from gateway.event_log.timeline import objects

    return map(json.dumps, objects(replay))


def _summary(replay: "Replay") -> Iterator[str]:
    from gateway.event_log.timeline import summary

    yield summary(replay)
