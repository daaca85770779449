"""Kyutai's recogniser as tests want it: the same twice."""

from pathlib import Path
from typing import Any

from stt_service.engines.moshi import MoshiEngine
from stt_service.engines.moshi_options import MoshiOptions


def make_ear(checkpoint: Path, slots: int, device: str = "", **more: Any) -> MoshiEngine:
    return MoshiEngine(MoshiOptions(str(checkpoint), slots, device, **{"temperature": 0.0, **more}))
