"""How much memory this process and those that it started hold: what a loaded model costs.

Main memory is the resident set of all of them; a GPU's is what its driver counts for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import psutil

from chassis.gpu_cards import Gpu, look_at_gpus
from engine_room.gpu_holdings import held_by_gpu


@dataclass(frozen=True, slots=True)
class Held:
    """In bytes: main memory, and that of all GPUs."""

    main: int
    gpus: int


def weigh() -> Held:
    """What this process and those below it hold. Blocks: for milliseconds, with a sick GPU driver seconds."""
    processes = family()
    return Held(sum(map(_resident, processes)), sum(_on_gpus(processes).values()))


def gpus_for_us() -> tuple[Gpu, ...]:
    """The machine's GPUs, with what this process and those below it hold added to `free`. Blocks."""
    ours = _on_gpus(family())
    return tuple(replace(gpu, free=gpu.free + ours.get(gpu.uuid, 0)) for gpu in look_at_gpus())


def held_bytes() -> int:
    """Main memory and GPU memory together. Blocks."""
    held = weigh()
    return held.main + held.gpus


def family() -> list[psutil.Process]:
    """This process and all below it."""
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def end_all(processes: Iterable[psutil.Process], patience_s: float) -> None:
    """Return when all have ended; those that have not after `patience_s` seconds are killed. Blocks."""
    _, alive = psutil.wait_procs(list(processes), timeout=patience_s)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=patience_s)


def _on_gpus(processes: Iterable[psutil.Process]) -> dict[str, int]:
    return held_by_gpu({process.pid for process in processes})


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended
