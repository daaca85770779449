"""What the registry of this process says now, and how much a body moved it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chassis.metrics import REGISTRY


def value(series: str, **labels: str) -> float:
    """0 where there is no such series."""
    return REGISTRY.get_sample_value(series, labels) or 0.0


@dataclass
class Moved:
    by: float = 0.0


@contextmanager
def moving(series: str, **labels: str) -> Iterator[Moved]:
    """`by` is set when the body ends."""
    before, moved = value(series, **labels), Moved()
    yield moved
    moved.by = value(series, **labels) - before
