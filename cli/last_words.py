"""What a program that does not start has to say: of this start, each thing once, without the routine."""

import json
from collections.abc import Mapping
from pathlib import Path

LAST_LINES = 12
BAD = frozenset({"error", "critical"})


def sizes(logs: Path) -> dict[str, int]:
    """How long each log is now, by its name: what is written from here on is of this start."""
    return {path.name: path.stat().st_size for path in logs.glob("*.log")}


def last_words(path: Path, begun: Mapping[str, int]) -> str:
    """The reasons in the log, else its last lines; `begun` is what `sizes` gave."""
    try:
        with path.open("rb") as log:
            log.seek(begun.get(path.name, 0))
            lines = log.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        lines = []
    told = [line for line in map(_complaint, lines) if line.strip()] or lines
    return "\n".join(list(dict.fromkeys(told))[-LAST_LINES:]) or "(it wrote nothing)"


def _complaint(line: str) -> str:
    """The reason in an error's line, or a line that is none of the log's own; "" for the routine."""
    try:
        fields = json.loads(line)
    except ValueError:
        return line
    if not isinstance(fields, dict) or fields.get("level") not in BAD:
        return ""
    return str(fields.get("reason") or line)
