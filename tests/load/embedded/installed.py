"""What `make run` puts on a disk: the packages of an extra with all that they need, and the weights."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from engine_room.wheels import WHEELS


def installed_mb(extra: str, wheels: tuple[str, ...]) -> float:
    """Of this environment, in MB of 10^6 bytes."""
    seen: set[tuple[str, str]] = set()
    names: set[str] = set()
    _gather("parley", extra, seen, names)
    files = {path for name in names - {"parley"} for path in _files(name)}
    files |= {path for wheel in wheels for path in WHEELS[wheel].place("").rglob("*")}
    return sum(path.stat().st_size for path in files if path.is_file()) / 1e6


def _gather(name: str, extra: str, seen: set[tuple[str, str]], names: set[str]) -> None:
    key = re.sub(r"[-_.]+", "-", name).lower()
    if (key, extra) in seen:
        return
    seen.add((key, extra))
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return  # for another system
    names.add(key)
    for line in found.requires or ():
        wanted = Requirement(line)
        if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
            for other in wanted.extras or {""}:
                _gather(wanted.name, other, seen, names)


def _files(name: str) -> list[Path]:
    found = distribution(name)
    return [Path(str(found.locate_file(file))).resolve() for file in found.files or ()]
