"""What cards this machine has, and what the services declared and hold of theirs."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from chassis.gpu_cards import GB, Gpu, look_at_gpus
from protos.parley.v1 import control_pb2 as pb

REQUIRED_GB = {"gpu": 16.5}
"""What AI-Talk says of its models, until services have said what ours need."""
Statuses = Mapping[str, pb.ModelStatus | None]


async def describe_gpu(profile: str, statuses: Statuses, reserved_gb: float) -> dict[str, Any]:
    """AI-Talk's `/gpu` body with the services' slices besides. GB are 10⁹ bytes."""
    gpus = await asyncio.to_thread(look_at_gpus)
    return gpu_body(gpus, slices_of(statuses), reserved_gb, REQUIRED_GB.get(profile, 0.0))


def slices_of(statuses: Statuses) -> list[dict[str, Any]]:
    """One for each service that has declared a slice: service, engine, slice_bytes, held_bytes."""
    return [
        {
            "service": service,
            "engine": status.engine,
            "slice_bytes": status.slice_bytes,
            "held_bytes": status.gpu_bytes,
        }
        for service, status in statuses.items()
        if status is not None and status.slice_bytes
    ]


def gpu_body(
    gpus: Sequence[Gpu], slices: Sequence[Mapping[str, Any]], reserved_gb: float, required_gb: float
) -> dict[str, Any]:
    """The body of `/gpu`; sizes in GB (10⁹ bytes) added up over all GPUs.

    `required_gb` holds where no service has declared a slice; else it is the slices and `reserved_gb`. Memory
    is sufficient when what is free and what services hold already reach that.
    """
    if slices:
        required_gb = sum(part["slice_bytes"] for part in slices) / GB + reserved_gb
    held_gb = sum(part["held_bytes"] for part in slices) / GB
    total, free = (sum(sizes) / GB for sizes in ([g.total for g in gpus], [g.free for g in gpus]))
    body = {
        "cuda_available": bool(gpus),
        "gpu_name": ", ".join(gpu.name for gpu in gpus) or None,
        "total_memory_gb": round(total, 2),
        "free_memory_gb": round(free, 2),
        "required_memory_gb": round(required_gb, 2),
        "sufficient_memory": min(free + held_gb, total) >= required_gb,
        "warnings": _warn(gpus, required_gb, free, held_gb),
        "slices": list(slices),
    }
    if gpus:
        body |= _use(total, total - free)
    return body


def _warn(gpus: Sequence[Gpu], required_gb: float, free_gb: float, held_gb: float) -> list[str]:
    if not gpus:
        return ["No CUDA device was found."] if required_gb else []
    if free_gb + held_gb >= required_gb:
        return []
    ours = f" and {held_gb:.1f} GB are the services' own" if held_gb else ""
    return [f"{required_gb:g} GB are needed; {free_gb:.1f} GB are free{ours}."]


def _use(total: float, used: float) -> dict[str, float]:
    return {
        "memory_allocated_gb": round(used, 2),
        "memory_reserved_gb": round(used, 2),
        "memory_utilization_percent": round(100 * used / total, 1) if total else 0.0,
    }
