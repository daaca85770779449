"""A measurement in a process of its own on one core, so that its memory and CPU are nobody else's."""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")


def alone(measure: Callable[..., T], *given: object) -> T:
    with ProcessPoolExecutor(1, get_context("spawn"), initializer=_on_one_core) as pool:
        return pool.submit(measure, *given).result()


def _on_one_core() -> None:
    """Where the system can be told."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
