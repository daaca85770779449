"""Imports go one way: no two modules need each other, be it by way of others or inside a function."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.contracts.test_layout import PRODUCT, sources, tree


def modules() -> dict[str, str]:
    """The path of each module of the product, by its name."""
    return {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in sources(*PRODUCT)
    }


def needs(module: ast.Module, known: set[str]) -> Iterator[str]:
    """Of the known modules those that one imports, wherever in it."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names if alias.name in known)
            case ast.ImportFrom(module=str(package), names=names):
                whole = {f"{package}.{alias.name}" for alias in names}
                yield from (whole & known) or ({package} & known)


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The names along a circle, the first of them again at its end; empty: there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return found
    return []


def test_no_import_goes_in_a_circle() -> None:
    known = modules()
    assert not circle({name: set(needs(tree(path), set(known))) for name, path in known.items()})


@pytest.mark.parametrize(
    "line", ["import a.c", "from a import c", "from a.c import X", "def f():\n from a import c"]
)
def test_a_circle_is_found(line: str) -> None:
    known = {"a.b", "a.c"}
    graph = {"a.b": set(needs(ast.parse(line), known)), "a.c": set(needs(ast.parse("import a.b"), known))}
    assert set(circle(graph)) == known
