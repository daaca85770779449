"""One cluster of containers for all tests: built from this checkout, started as the README says."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from cli.cluster_files import free_ports
from tests.containers.docker import IMAGES, Containers, build
from tests.containers.talking import ask

STARTED = ("gateway", "prometheus")
"""And what they depend on: everything but Grafana, whose image cannot be had everywhere."""


@dataclass(frozen=True, slots=True)
class Started:
    """A cluster, and how long it took: to being ready, and from the command to the first answer."""

    containers: Containers
    well_s: float
    answered_s: float
    first_answer: dict[str, object]


@pytest.fixture(scope="session")
def images() -> dict[str, str]:
    for name in IMAGES:
        build(name)
    return IMAGES


@pytest.fixture(scope="session")
def started(images: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    containers = Containers(f"parley-test-{os.getpid()}", free_ports(1)[0])
    try:
        containers.make_volumes()
        began = time.monotonic()
        containers.compose("up", "--detach", "--no-build", *STARTED)
        containers.await_ready()
        well_s = time.monotonic() - began
        answer = ask(containers, tmp_path_factory.mktemp("first"))
        yield Started(containers, well_s, time.monotonic() - began, answer)
    finally:
        print(containers.compose("logs", "--no-color", "--tail=30", check=False))
        containers.compose("down", "--volumes", "--timeout=5", check=False)


@pytest.fixture
def cluster(started: Started) -> Containers:
    return started.containers
