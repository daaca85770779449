"""A Redis for each test, and a memory that does not wait long for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.memory import redis_memory
from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        yield running


@pytest.fixture(autouse=True)
def _quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redis_memory, "RETRY_S", 0.02)
    monkeypatch.setattr(redis_memory, "TIMEOUT_S", 0.05)
