"""The NVIDIA GPUs here: what they have, what is free of it, and what processes hold.

Asked of NVIDIA's library where Python has it (`pip install -e '.[gpu]'`), else of nvidia-smi, which may
hang with its driver: it gets a deadline. All of this blocks: for milliseconds, with a sick driver seconds.
"""

import importlib.util
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

ASK_S = 5.0
GIVE_UP_S = 1.0
MIB = 1024 * 1024
CARDS = "--query-gpu=index,uuid,memory.total,memory.free,name"
HOLDINGS = "--query-compute-apps=gpu_uuid,pid,used_memory"


@dataclass(frozen=True, slots=True)
class Gpu:
    """`index` is nvidia-smi's. Memory in bytes; 0 where the driver does not say."""

    index: int
    uuid: str
    name: str
    total: int
    free: int


def look_at_gpus() -> tuple[Gpu, ...]:
    """All of this machine, whatever CUDA is told; none without a driver that answers."""
    nvml = _open_nvml()
    if nvml is None:
        rows = _ask(CARDS)
        return tuple(_read_card(row) for row in rows if len(row) == 5 and row[0].isdigit())
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return tuple(_card_of(nvml, index, handle) for index, handle in enumerate(handles))
    except nvml.NVMLError:
        return ()
    finally:
        nvml.nvmlShutdown()


def held_by_gpu(pids: Collection[int]) -> dict[str, int]:
    """Bytes that these processes hold, by the GPU's uuid.

    Nothing where the driver knows them by other numbers, as it does those in a container.
    """
    nvml = _open_nvml()
    if nvml is None:
        rows = (row for row in _ask(HOLDINGS) if len(row) == 3 and row[1].isdigit())
        return _add_up((uuid, _mebibytes(held)) for uuid, pid, held in rows if int(pid) in pids)
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return _add_up(
            (_text(nvml.nvmlDeviceGetUUID(handle)), running.usedGpuMemory or 0)
            for handle in handles
            for running in nvml.nvmlDeviceGetComputeRunningProcesses(handle)
            if running.pid in pids
        )
    except nvml.NVMLError:
        return {}
    finally:
        nvml.nvmlShutdown()


def _add_up(held: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for uuid, count in held:
        sums[uuid] = sums.get(uuid, 0) + count
    return sums


def _open_nvml() -> Any:
    """The library, begun: to be shut down after use. None where it is not there or finds no driver."""
    if importlib.util.find_spec("pynvml") is None:
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _card_of(nvml: Any, index: int, handle: Any) -> Gpu:
    uuid, name = (_text(ask(handle)) for ask in (nvml.nvmlDeviceGetUUID, nvml.nvmlDeviceGetName))
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError:  # one memory for all, as on boards whose GPU has none of its own
        return Gpu(index, uuid, name, 0, 0)
    return Gpu(index, uuid, name, int(memory.total), int(memory.free))


def _text(answer: str | bytes) -> str:
    """Before its version 11.5 the library answers bytes."""
    return answer.decode() if isinstance(answer, bytes) else answer


def _read_card(row: list[str]) -> Gpu:
    index, uuid, total, free, name = row
    return Gpu(int(index), uuid, name, _mebibytes(total), _mebibytes(free))


def _mebibytes(cell: str) -> int:
    """In bytes; 0 for "[N/A]"."""
    return int(cell) * MIB if cell.isdigit() else 0


def _ask(query: str) -> list[list[str]]:
    """The rows that nvidia-smi answers; none where it is not there, fails or hangs."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    command = [program, query, "--format=csv,noheader,nounits"]
    try:
        asked = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError:
        return []
    try:
        answer, _ = asked.communicate(timeout=ASK_S)
    except subprocess.TimeoutExpired:
        _abandon(asked)
        return []
    rows = [[cell.strip() for cell in line.split(",", query.count(","))] for line in answer.splitlines()]
    return rows if asked.returncode == 0 else []


def _abandon(asked: "subprocess.Popen[str]") -> None:
    """Not waited for without end: a process that waits for a dead driver cannot even be killed."""
    asked.kill()
    try:
        asked.wait(GIVE_UP_S)
    except subprocess.TimeoutExpired:
        return
    finally:
        if asked.stdout is not None:
            asked.stdout.close()
