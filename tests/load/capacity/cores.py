"""Which core a process runs on and what it used there, from /proc. Linux alone."""

import os
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tests.load.capacity.figures import core_busy_s, process_cpu_s

PROC = Path("/proc")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


@cache
def two_cores() -> tuple[int, int]:
    """One for what is measured, one for everything else, of those that this process had when it first asked.
    Raises RuntimeError where there is only one.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("two cores are needed: one for what is measured, one for the load")
    return cores[0], cores[1]


def pin(pids: Iterable[int], core: int) -> None:
    """All their threads; those that they start later are born there."""
    for pid in pids:
        for thread in (PROC / str(pid) / "task").iterdir():
            os.sched_setaffinity(int(thread.name), {core})


def cpu_s(pids: Iterable[int]) -> float:
    """What they have used since they started."""
    return sum(process_cpu_s((PROC / str(pid) / "stat").read_text(), _TICKS_PER_S) for pid in pids)


def busy_s(core: int) -> float:
    """What anything has used of the core since the machine started."""
    return core_busy_s((PROC / "stat").read_text(), core, _TICKS_PER_S)


def rss_kb(pids: Iterable[int]) -> int:
    """What they hold of memory now."""
    return sum(int((PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE_KB for pid in pids)
