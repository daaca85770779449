"""The NVIDIA GPUs of this machine: their memory, and what is free of it.

Asked of NVIDIA's library where Python has it (`pip install -e '.[gpu]'`), else of nvidia-smi, which may
hang with its driver: it gets a deadline. All of this blocks: for milliseconds, with a sick driver seconds.
"""

import importlib.util
import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

ASK_S = 5.0
GIVE_UP_S = 1.0
GB = 1_000_000_000
"""Bytes of a gigabyte, as on the card's box."""
MIB = 1024 * 1024
CARDS = "--query-gpu=index,uuid,memory.total,memory.free,name"


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
    nvml = open_nvml()
    if nvml is None:
        rows = ask_nvidia_smi(CARDS)
        return tuple(_read_card(row) for row in rows if len(row) == 5 and row[0].isdigit())
    try:
        handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
        return tuple(_card_of(nvml, index, handle) for index, handle in enumerate(handles))
    except nvml.NVMLError:
        return ()
    finally:
        nvml.nvmlShutdown()


def open_nvml() -> Any:
    """NVIDIA's library, begun: `nvmlShutdown` after use. None where it is not there or finds no driver."""
    if importlib.util.find_spec("pynvml") is None:
        return None
    import pynvml

    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return None
    return pynvml


def _card_of(nvml: Any, index: int, handle: Any) -> Gpu:
    uuid, name = (text_of(ask(handle)) for ask in (nvml.nvmlDeviceGetUUID, nvml.nvmlDeviceGetName))
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError:  # one memory for all, as on boards whose GPU has none of its own
        return Gpu(index, uuid, name, 0, 0)
    return Gpu(index, uuid, name, int(memory.total), int(memory.free))


def text_of(answer: str | bytes) -> str:
    """What NVIDIA's library answers, as text: before its version 11.5 it answers bytes."""
    return answer.decode() if isinstance(answer, bytes) else answer


def _read_card(row: list[str]) -> Gpu:
    index, uuid, total, free, name = row
    return Gpu(int(index), uuid, name, read_mebibytes(total), read_mebibytes(free))


def read_mebibytes(cell: str) -> int:
    """Bytes of a cell that nvidia-smi prints in MiB; 0 for "[N/A]"."""
    return int(cell) * MIB if cell.isdigit() else 0


def ask_nvidia_smi(query: str) -> list[list[str]]:
    """The rows that nvidia-smi answers, a stripped cell for each field of the query.

    None where it is not there, fails, or says nothing within `ASK_S` seconds.
    """
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
        abandon(asked)
        return []
    rows = [[cell.strip() for cell in line.split(",", query.count(","))] for line in answer.splitlines()]
    return rows if asked.returncode == 0 else []


def abandon(asked: "subprocess.Popen[str]") -> None:
    """Not waited for without end: a process that waits for a dead driver cannot even be killed."""
    asked.kill()
    try:
        asked.wait(GIVE_UP_S)
    except subprocess.TimeoutExpired:
        return
    finally:
        if asked.stdout is not None:
            asked.stdout.close()
