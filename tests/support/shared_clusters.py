"""The clusters that the tests of a folder share: one with real engines, one with scripted ones."""

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, cluster


@pytest.fixture(scope="package")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Real engines, as `make run` starts them."""
    with cluster(tmp_path_factory.mktemp("embedded"), "embedded") as running:
        yield running


@pytest.fixture(scope="package")
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Scripted engines: every utterance is "hello there", every reply is known word for word.

    Sessions whose client allows it are recorded in `event_logs` in its state folder.
    """
    state = tmp_path_factory.mktemp("fake")
    with cluster(state, "fake", {"EVENT_LOG_DIR": str(state / "event_logs")}) as running:
        yield running
