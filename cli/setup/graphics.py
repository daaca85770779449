"""The NVIDIA GPUs of this machine, by nvidia-smi, which may hang with its driver: it gets a deadline."""

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.gpu_cards import abandon

ASK_S = 10.0
FIELDS = ("index", "name", "driver_version", "memory.total", "memory.free", "compute_cap")
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Gpu:
    """Memory in bytes, 0 where the driver does not say; `capability` (0, 0) likewise."""

    index: int
    name: str
    driver: str
    total: int
    free: int
    capability: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Graphics:
    """`problem`: why there are no GPUs."""

    gpus: tuple[Gpu, ...] = ()
    problem: str = ""


def look_at_graphics(environ: Mapping[str, str], program: str = "nvidia-smi") -> Graphics:
    """The GPUs that a process started here may use. Takes at most about 20 s."""
    path = shutil.which(program, path=environ.get("PATH"))
    if path is None:
        return Graphics(problem="no nvidia-smi here, so no NVIDIA driver")
    answer, problem = _ask(path, FIELDS)
    if problem and "compute_cap" in problem:  # drivers before 2022 do not know it
        answer, problem = _ask(path, FIELDS[:-1])
    if problem:
        return Graphics(problem=problem)
    gpus = choose_visible(read_gpus(answer), environ.get("CUDA_VISIBLE_DEVICES"))
    return Graphics(gpus, "" if gpus else "nvidia-smi lists no GPU that may be used")


def _ask(path: str, fields: Sequence[str]) -> tuple[str, str]:
    """What it wrote, and why that is nothing."""
    command = [path, f"--query-gpu={','.join(fields)}", "--format=csv,noheader,nounits"]
    try:
        asked = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        return "", f"nvidia-smi cannot be run: {error.strerror}"
    try:
        answer, _ = asked.communicate(timeout=ASK_S)
    except subprocess.TimeoutExpired:
        abandon(asked)
        return "", f"nvidia-smi did not answer in {ASK_S:g} s: the driver hangs"
    if asked.returncode:
        return "", f"nvidia-smi failed: {' '.join(answer.split())[:200] or f'status {asked.returncode}'}"
    return answer, ""


def read_gpus(answer: str) -> tuple[Gpu, ...]:
    """Lines that are not five or six fields with a number first are passed over."""
    rows = ([cell.strip() for cell in line.split(",")] for line in answer.splitlines())
    return tuple(_read_row(row) for row in rows if len(row) >= 5 and row[0].isdigit())


def _read_row(row: Sequence[str]) -> Gpu:
    index, name, driver, total, free, *rest = row
    major, _, minor = (rest[0] if rest else "").partition(".")
    capability = (int(major), int(minor)) if major.isdigit() and minor.isdigit() else (0, 0)
    return Gpu(int(index), name, driver, _mebibytes(total), _mebibytes(free), capability)


def _mebibytes(cell: str) -> int:
    """In bytes; 0 for "[N/A]", which machines with one memory for all answer."""
    return int(cell) * MIB if cell.isdigit() else 0


def choose_visible(gpus: Sequence[Gpu], visible: str | None) -> tuple[Gpu, ...]:
    """Those that CUDA_VISIBLE_DEVICES lists by number, in its order; all where it names them otherwise."""
    if visible is None:
        return tuple(gpus)
    names = [name.strip() for name in visible.split(",") if name.strip()]
    if any(not name.lstrip("-").isdigit() for name in names):
        return tuple(gpus)
    by_index = {gpu.index: gpu for gpu in gpus}
    chosen: list[Gpu] = []
    for name in names:
        if int(name) not in by_index:  # CUDA stops at the first that is not there
            break
        chosen.append(by_index[int(name)])
    return tuple(chosen)
