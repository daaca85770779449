"""Hand-made faults: a file of the product does something else for a while, and a judge must notice."""

import importlib
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings


@contextmanager
def mutated(module: str, old: str, new: str) -> Iterator[None]:
    """During the body the functions of a module do what its changed source says.

    Whoever has imported them calls the changed ones too; classes and constants stay what they are.
    """
    original = importlib.import_module(module)
    source = Path(str(original.__file__)).read_text()
    assert old in source, f"this fault no longer fits the source: {old!r}"
    mutant = types.ModuleType(module)
    exec(compile(source.replace(old, new), "mutant.py", "exec"), mutant.__dict__)
    changed, ours = _functions(mutant, module), _functions(original, module)
    codes = {name: function.__code__ for name, function in ours.items()}
    try:
        for name, function in ours.items():
            if function.__code__.co_freevars == changed[name].__code__.co_freevars:
                function.__code__ = changed[name].__code__
        yield
    finally:
        for name, function in ours.items():
            function.__code__ = codes[name]


def _functions(owner: Any, module: str) -> dict[str, types.FunctionType]:
    """All that are defined in a module, methods and properties too, by their qualified names."""
    found: dict[str, types.FunctionType] = {}
    for value in list(vars(owner).values()):
        value = value.fget if isinstance(value, property) else value
        value = getattr(value, "__func__", value)
        if isinstance(value, types.FunctionType) and value.__module__ == module:
            found[value.__qualname__] = value
        elif isinstance(value, type) and value.__module__ == module and owner is not value:
            found |= _functions(value, module)
    return found


def always_alike(examples: int, test: Any, *drawn: Any) -> None:
    """The property test with the same examples each time; the first that fails is raised as it is."""
    quick = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    draw: Any = given(*drawn)
    fixed: Any = seed(7)
    fixed(quick(draw(test)))()
