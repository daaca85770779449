"""`parley rehearse`: act scenarios out to a running cluster as callers would, and judge what comes back."""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cli.where import add_options, place_of

MOST_CALLERS = 64
MOST_RUNS = 1000
LATE_MS = 100.0
"""A caller who is later than this with a frame of his own measures himself."""


def add_arguments(command: argparse.ArgumentParser) -> None:
    command.add_argument("scenarios", type=Path, metavar="SCENARIO", help="a YAML file, or a folder of them")
    add_options(command)
    command.add_argument("--runs", type=_count(MOST_RUNS), help="only the first so many runs of each")
    command.add_argument(
        "--callers", type=_count(MOST_CALLERS), default=4, help="who call at once (default: 4)"
    )
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Exit status: 1 where a scenario does not hold or nobody can be called, 2 where one cannot be read."""
    from cli.rehearsal.calling import Lateness
    from cli.rehearsal.reading import BadScenario, read_all
    from cli.rehearsal.rehearsing import rehearse
    from cli.rehearsal.results import as_json, table
    from cli.rehearsal.voices import NoVoice

    place, lateness = place_of(options), Lateness()
    try:
        scenarios = read_all(options.scenarios)
        work = rehearse(place, scenarios, options.runs, options.callers, lateness, _tell)
        results = asyncio.run(work)
    except BadScenario as reason:
        print(f"parley rehearse: {reason}", file=sys.stderr)
        return 2
    except NoVoice as reason:
        print(f"parley rehearse: {reason}", file=sys.stderr)
        return 1
    late_ms = lateness.worst_s * 1000
    for line in table(results):
        print(line)
    if late_ms > LATE_MS:
        print(
            f"this machine was {late_ms:.0f} ms late itself: call with fewer --callers, or from a quiet one"
        )
    print(json.dumps(as_json(results, late_ms), ensure_ascii=False))
    return 0 if all(result.holds for result in results) else 1


def _tell(said: str) -> None:
    print(said, file=sys.stderr, flush=True)


def _count(most: int) -> Callable[[str], int]:
    """An argparse type: a whole number from 1 on."""

    def read(text: str) -> int:
        if text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most:
            return int(text)
        raise argparse.ArgumentTypeError(f"give a whole number from 1 to {most}, not {text!r}")

    return read
