"""A plan and a machine that is fit for it; a test changes the one thing that it is about."""

from pathlib import Path
from typing import Any

from cli.setup.graphics import Gpu, Graphics
from cli.setup.machine import Disk, Facts, Memory
from cli.setup.plan import Plan, make_plan

GB = 1_000_000_000
VLLM = {"LLM_ENGINE": "vllm", "LLM_FALLBACK": "none"}


def gpu(**changes: Any) -> Gpu:
    """A 24 GB card of today, all of it free."""
    card = {
        "index": 0,
        "name": "Card",
        "driver": "580.65.06",
        "total": 24 * GB,
        "free": 24 * GB,
        "capability": (8, 9),
    }
    return Gpu(**{**card, **changes})


def plan(**environ: str) -> Plan:
    return make_plan("embedded", environ, Path("/models"))


def facts(**changes: Any) -> Facts:
    fit = {
        "python": (3, 11, 7),
        "memory": Memory(64 * GB, 60 * GB),
        "disk": Disk(500 * GB),
        "graphics": Graphics((gpu(),)),
        "absent": frozenset(),
        "redis": "/usr/bin/redis-server",
        "port": "",
        "here": {},
    }
    return Facts(**{**fit, **changes})
