"""Every async test ends in time and leaves no task behind."""

import inspect
from pathlib import Path

import pytest

from tests.support.leaks import TIMEOUT_S, watched

UNIT = Path(__file__).parent / "unit"


def pytest_itemcollected(item: pytest.Item) -> None:
    """Unit tests have `TIMEOUT_S`; the others, which wait for real speech, the bound of pytest-timeout."""
    if not isinstance(item, pytest.Function):
        return
    # Of a property, hypothesis calls this with each example.
    holder, name = (item.obj.hypothesis, "inner_test") if hasattr(item.obj, "hypothesis") else (item, "obj")
    test = getattr(holder, name)
    if inspect.iscoroutinefunction(test):
        setattr(holder, name, watched(test, TIMEOUT_S if item.path.is_relative_to(UNIT) else None))
