"""Figures for people and machines: percentiles, a table, one JSON line; and the generator's own honesty."""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

VOID_LAG_MS = 10.0
"""A generator that is itself later than this at p99 measures itself."""


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank. NaN for nothing."""
    ordered = sorted(values)
    if not ordered:
        return float("nan")
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


@dataclass
class Lag:
    """How late a 10 ms timer of this process runs."""

    samples_ms: list[float] = field(default_factory=list)

    async def watch(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.010)
            self.samples_ms.append((time.monotonic() - before - 0.010) * 1000)

    @property
    def p99_ms(self) -> float:
        return percentile(self.samples_ms, 0.99)


def show(title: str, rows: Sequence[tuple[str, Any]], result: dict[str, Any], lag: Lag) -> None:
    """The table, a warning where the generator was too slow, and the JSON object as the last line."""
    print(f"\n{title}")
    for name, value in (*rows, ("generator's own lag, p99 ms", round(lag.p99_ms, 1))):
        print(f"  {name:<44} {value}")
    if lag.p99_ms > VOID_LAG_MS:
        print("  the load generator was late itself: these figures are void, run again on a quiet machine")
    print(json.dumps(result))
