"""The device that a torch model lives on: one with an index, and no more of it than was granted.

Imports torch, so only modules that load a torch model may import this one. A GPU that was granted and cannot
be used is a failure: a model that went to the CPU instead would answer too late for everybody.
"""

import re
import shutil
import sysconfig
from pathlib import Path

import torch

from chassis.faults import NotReady
from chassis.logs import get_logger
from chassis.secrets import words_of

log = get_logger(__name__)
_WANTED = re.compile(r"(?a:cuda(?::(\d+))?)")
_DRIVERS = {12: 525, 13: 580}
"""The oldest NVIDIA driver that runs any CUDA of this major version."""


def take_device(wanted: str, share: float | None) -> torch.device:
    """The CPU, or a GPU with its index, made current for this thread. Blocks while CUDA begins.

    `wanted`: "" for the best there is, cpu, cuda, or cuda:N of those that this process sees. `share`: 0 to 1
    of the card, all that torch may take of it; None: no slice was granted. Raises NotReady in words.
    """
    if wanted == "cpu":
        return torch.device("cpu")
    asked = _WANTED.fullmatch(wanted)
    if wanted and not asked:
        raise NotReady(
            f"{wanted!r} is no device for a model: it is cpu, cuda, or empty for the best there is"
        )
    if not torch.cuda.is_available():
        if wanted or share is not None:
            raise NotReady(_why_no_cuda())
        return torch.device("cpu")
    index = int(asked[1]) if asked and asked[1] else torch.cuda.current_device()
    seen = torch.cuda.device_count()
    if index >= seen:
        raise NotReady(
            f"cuda:{index} is not there: this process sees {seen} GPU{'s' if seen > 1 else ''}, counted from"
            " 0; GPU_INDEX chooses the card, and the device is then cuda or empty"
        )
    device = torch.device("cuda", index)
    torch.cuda.set_device(device)
    if share is not None:
        torch.cuda.set_per_process_memory_fraction(share, device)
    return device


def join_device(device: torch.device) -> None:
    """Make it current for this thread too: each thread has a choice of its own."""
    if device.type == "cuda":
        torch.cuda.set_device(device)


def may_compile(device: torch.device) -> bool:
    """Whether torch may compile a model's kernels for it. On a CPU that gains little.

    For a card Triton calls a C compiler, which wants Python's headers: where one is missing the model runs as
    it is, with more and smaller kernels, and the log says so.
    """
    if device.type != "cuda":
        return False
    headers = Path(sysconfig.get_paths()["include"], "Python.h")
    missing = [] if shutil.which("gcc") or shutil.which("clang") else ["a C compiler (gcc)"]
    missing += [] if headers.is_file() else ["Python's headers (python3-dev)"]
    if missing:
        log.info("kernels are not compiled, and steps take longer", missing=" and ".join(missing))
    return not missing


def _why_no_cuda() -> str:
    version = torch.version.cuda
    if version is None:
        return (
            f"torch {torch.__version__} here is built for the CPU alone, and a GPU was asked for: install "
            "torch with CUDA, or set the device to cpu"
        )
    driver = _DRIVERS.get(int(version.partition(".")[0]), max(_DRIVERS.values()))
    wants = f"driver {driver} or newer, for torch {torch.__version__} is built for CUDA {version}"
    remedy = "update the driver, or set the device to cpu"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        if "too old" in str(error):
            return f"driver too old: needs {wants}; {remedy}"
        return (
            f"CUDA does not begin ({words_of(error)}): it needs a GPU that it may use and {wants}; {remedy}"
        )
    return f"CUDA finds no GPU: it needs one that it may use and {wants}; {remedy}"
