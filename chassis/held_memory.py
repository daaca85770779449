"""How much memory this process and those that it started hold: what a loaded model costs.

Main memory is the resident set of all of them; a GPU's is what its driver counts for them, where NVIDIA's
library is installed.
"""

import importlib.util
from collections.abc import Iterable

import psutil


def held_bytes() -> int:
    """Main memory and GPU memory together. Takes milliseconds: not for an event loop that hurries."""
    processes = family()
    return sum(map(_resident, processes)) + _on_gpus({process.pid for process in processes})


def family() -> list[psutil.Process]:
    """This process and all below it."""
    this = psutil.Process()
    return [this, *this.children(recursive=True)]


def end_all(processes: Iterable[psutil.Process], patience_s: float) -> None:
    """Return when all have ended; those that have not after `patience_s` are killed. Blocks."""
    _, alive = psutil.wait_procs(list(processes), timeout=patience_s)
    for process in alive:
        process.kill()
    psutil.wait_procs(alive, timeout=patience_s)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0  # it has just ended


def _on_gpus(pids: set[int]) -> int:
    if importlib.util.find_spec("pynvml") is None:
        return 0
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return 0
    try:
        devices = [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
        running = [held for d in devices for held in pynvml.nvmlDeviceGetComputeRunningProcesses(d)]
        return sum(held.usedGpuMemory or 0 for held in running if held.pid in pids)
    except pynvml.NVMLError:
        return 0
    finally:
        pynvml.nvmlShutdown()
