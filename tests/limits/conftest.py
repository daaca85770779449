"""One cluster for all hostile clients; whatever they do, its gateway's log shows no traceback."""

from collections.abc import Iterator

import pytest

from tests.support.cluster import Cluster, cluster


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Fake engines behind the real speech gate."""
    with cluster(tmp_path_factory.mktemp("limits"), environment={"STT_VAD": "silero"}) as running:
        yield running


@pytest.fixture(autouse=True)
def _quiet_log(door: Cluster) -> Iterator[None]:
    before = len(door.log("gateway"))
    yield
    written = door.log("gateway")[before:]
    assert "Traceback" not in written, written
