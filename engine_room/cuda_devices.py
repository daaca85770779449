"""Which of the machine's GPUs this process uses: CUDA takes that from the environment alone.

nvidia-smi counts all GPUs in the order of their slots; CUDA counts those that CUDA_VISIBLE_DEVICES leaves,
the fastest first unless it is told otherwise. GPU_INDEX counts those that are left, in nvidia-smi's order
or in that of the variable.
"""

import os
from collections.abc import Sequence

from chassis.faults import NotReady
from chassis.gpu_cards import Gpu


def visible_devices() -> str | None:
    """What the operator lets this process see; None: everything. To be read before `use_devices`."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


def choose_gpus(gpus: Sequence[Gpu], visible: str | None, index: int, count: int) -> tuple[Gpu, ...]:
    """`count` of them from `index` on; none where nothing whole is visible. Raises NotReady."""
    seen = _see(gpus, visible)
    if not seen:
        return ()
    chosen = seen[index : index + count]
    if len(chosen) < count:
        there = ", ".join(f"{number} {gpu.name}" for number, gpu in enumerate(seen))
        wanted = f"GPU_INDEX={index}" + (f" and {count} GPUs from there" if count > 1 else "")
        raise NotReady(f"{wanted} cannot be: there is {there}; set GPU_INDEX to one of these")
    return chosen


def _see(gpus: Sequence[Gpu], visible: str | None) -> tuple[Gpu, ...]:
    """Like CUDA, which stops at the first name that it does not know. A part of a card (MIG) is not ours."""
    if visible is None:
        return tuple(gpus)
    seen: list[Gpu] = []
    for name in (part.strip() for part in visible.split(",")):
        gpu = next((gpu for gpu in gpus if _is_named(gpu, name)), None)
        if gpu is None:
            break
        seen.append(gpu)
    return tuple(seen)


def _is_named(gpu: Gpu, name: str) -> bool:
    return name == str(gpu.index) or (name.startswith("GPU-") and gpu.uuid.startswith(name))


def use_devices(gpus: Sequence[Gpu]) -> None:
    """CUDA, once it begins in this process or in one that it starts, sees these alone, as 0, 1 and so on."""
    os.environ["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
    os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(str(gpu.index) for gpu in gpus)
