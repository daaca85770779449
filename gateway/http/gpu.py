"""What card there is, asked of nvidia-smi: the gateway itself has no GPU library."""

import asyncio
import shutil
from typing import Any

from chassis.deadlines import within
from chassis.faults import TooSlow

REQUIRED_GB = {"gpu": 16.5}
QUERY = ("--query-gpu=name,memory.total,memory.free", "--format=csv,noheader,nounits")
ASK_S = 3.0


async def describe_gpu(profile: str) -> dict[str, Any]:
    """AI-Talk's `/gpu` body. Memory in GB."""
    required = REQUIRED_GB.get(profile, 0.0)
    card = await _ask()
    if card is None:
        warnings = ["No CUDA device was found."] if required else []
        return _body(False, None, 0.0, 0.0, required, warnings)
    name, total_mb, free_mb = card
    total, free = float(total_mb) / 1024, float(free_mb) / 1024
    warnings = [] if free >= required else [f"{required:g} GB are needed; {free:.1f} GB are free."]
    body = _body(True, name, total, free, required, warnings)
    used = total - free
    body |= {
        "memory_allocated_gb": round(used, 2),
        "memory_reserved_gb": round(used, 2),
        "memory_utilization_percent": round(100 * used / total, 1) if total else 0.0,
    }
    return body


def _body(
    cuda: bool, name: str | None, total: float, free: float, required: float, warnings: list[str]
) -> dict[str, Any]:
    return {
        "cuda_available": cuda,
        "gpu_name": name,
        "total_memory_gb": round(total, 2),
        "free_memory_gb": round(free, 2),
        "required_memory_gb": required,
        "sufficient_memory": free >= required,
        "warnings": warnings,
    }


async def _ask() -> list[str] | None:
    """Name, total and free MB of the first card; None without one."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return None
    process = await asyncio.create_subprocess_exec(
        program, *QUERY, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        async with within(ASK_S, "nvidia-smi"):
            output, _ = await process.communicate()
    except TooSlow:
        process.kill()
        await process.wait()
        return None
    fields = [field.strip() for field in output.decode(errors="replace").partition("\n")[0].split(",")]
    return fields if process.returncode == 0 and len(fields) == 3 else None
