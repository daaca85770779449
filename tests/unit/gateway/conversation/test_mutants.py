"""The property tests must notice faults: each hand-made one below turns them red."""

import importlib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from gateway.conversation.conversation import Conversation
from tests.unit.gateway.conversation.faults import FAULTS
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import SCRIPTS, Move
from tests.unit.gateway.conversation.test_items import check_bounds
from tests.unit.gateway.conversation.test_snapshot import play_restored

CORE = "gateway.conversation."


def functions(owner: Any, module: str) -> dict[str, types.FunctionType]:
    """All that are defined in a module, methods and properties too, by their qualified names."""
    found: dict[str, types.FunctionType] = {}
    for value in list(vars(owner).values()):
        value = value.fget if isinstance(value, property) else value
        value = getattr(value, "__func__", value)
        if isinstance(value, types.FunctionType) and value.__module__ == module:
            found[value.__qualname__] = value
        elif isinstance(value, type) and value.__module__ == module and owner is not value:
            found |= functions(value, module)
    return found


@contextmanager
def mutated(name: str, old: str, new: str) -> Iterator[None]:
    """During the body the functions of one file do what the changed source says."""
    original = importlib.import_module(CORE + name)
    source = Path(str(original.__file__)).read_text()
    assert old in source, f"this fault no longer fits the source: {old!r}"
    mutant = types.ModuleType(CORE + name)
    exec(compile(source.replace(old, new), "mutant.py", "exec"), mutant.__dict__)
    changed = functions(mutant, CORE + name)
    ours = functions(original, CORE + name)
    codes = {key: function.__code__ for key, function in ours.items()}
    try:
        for key, function in ours.items():
            if function.__code__.co_freevars == changed[key].__code__.co_freevars:
                function.__code__ = changed[key].__code__
        yield
    finally:
        for key, function in ours.items():
            function.__code__ = codes[key]


def judge() -> None:
    """What a fault has to get past."""

    def seeded(examples: int, test: Any, *given_by: Any) -> None:
        quick = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
        )
        drawn: Any = given(*given_by)
        always_alike: Any = seed(7)
        always_alike(quick(drawn(test)))()

    def play(script: list[Move]) -> None:
        Referee(Conversation).play(script)

    said = st.lists(st.tuples(st.sampled_from(("user", "anna", "ben")), st.text(max_size=30)), max_size=30)
    seeded(1500, play, SCRIPTS)
    seeded(150, play_restored, SCRIPTS, st.integers(0, 40))
    seeded(100, check_bounds, said, st.integers(1, 8), st.integers(1, 200))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_property_tests_notice(fault: str) -> None:
    with (
        mutated(*FAULTS[fault]),
        pytest.raises((AssertionError, AttributeError, TypeError, ValueError, IndexError)),
    ):
        judge()


@pytest.mark.parametrize("name", sorted({name for name, _, _ in FAULTS.values()}))
def test_a_file_that_is_replaced_by_itself_is_no_fault(name: str) -> None:
    with mutated(name, "\n", "\n"):
        Referee(Conversation).play([Move("typed", 0, False, 0), Move("text", 0, False, 0)])


def test_they_find_nothing_in_the_original() -> None:
    judge()
