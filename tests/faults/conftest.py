"""One cluster to be hurt, and one left alone for as long as the others take."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.support.cluster import Cluster, cluster


@dataclass(frozen=True)
class Idle:
    cluster: Cluster
    since: float


@pytest.fixture(scope="session", autouse=True)
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idle]:
    """Nobody talks to it: its links are held by pings alone. Begun first, looked at last."""
    with cluster(tmp_path_factory.mktemp("idle")) as running:
        yield Idle(running, time.monotonic())


@pytest.fixture(scope="session")
def victim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Any loud sound is speech to it, and every utterance says `hello there`."""
    with cluster(tmp_path_factory.mktemp("faults"), environment={"STT_VAD": "energy"}) as running:
        yield running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs time to have passed comes last."""
    items.sort(key=lambda item: "test_idle_links" in item.nodeid)
