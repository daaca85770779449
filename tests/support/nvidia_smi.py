"""An nvidia-smi that says what a test wants: to be put first on the path of a process."""

import os
from collections.abc import Sequence
from pathlib import Path

MIB = 1024 * 1024
GB = 1_000_000_000


def card(index: int, total_gb: float, free_gb: float, name: str = "NVIDIA Test") -> str:
    """A row of its answer about cards."""
    total, free = (int(size * GB / MIB) for size in (total_gb, free_gb))
    return f"{index}, GPU-{index}-test, {total}, {free}, {name}"


def put_nvidia_smi(folder: Path, cards: Sequence[str], held: Sequence[str] = ()) -> str:
    """The PATH with it. `held`: rows of uuid, pid and MiB. Put again, it says other things from then on."""
    folder.mkdir(exist_ok=True)
    lines = ["#!/bin/sh", 'case "$1" in']
    lines += ["*query-gpu*)", *(f"echo '{row}'" for row in cards), ";;"]
    lines += ["*query-compute-apps*)", *(f"echo '{row}'" for row in held), ";;"]
    return _put(folder, "\n".join([*lines, "esac"]))


def put_broken_nvidia_smi(folder: Path, script: str) -> str:
    return _put(folder, f"#!/bin/sh\n{script}")


def _put(folder: Path, text: str) -> str:
    new = folder / "nvidia-smi.new"
    new.write_text(text + "\n")
    new.chmod(0o755)
    new.rename(folder / "nvidia-smi")
    return f"{folder}:{os.environ['PATH']}"
