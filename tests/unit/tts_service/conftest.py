"""Hibari, fetched and loaded once."""

import asyncio
import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_room.wheels import WHEELS, fetch
from tests.unit.tts_service.hibari_replies import Other
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.hibari import HibariEngine


@pytest.fixture(autouse=True)
def nothing_stays_frozen() -> Iterator[None]:
    """What a service does for its whole life is not for a process of many tests."""
    yield
    gc.unfreeze()


@pytest.fixture(scope="package")
def folder() -> Path:
    return asyncio.run(fetch(WHEELS["hibari"]))


@pytest.fixture(scope="package")
def ready(folder: Path) -> Iterator[HibariEngine]:
    """With espeak behind it, as the service has it."""
    made = HibariEngine(EspeakEngine(), slots=4)
    asyncio.run(made.load())
    yield made
    asyncio.run(made.unload())


@pytest.fixture
def other(ready: HibariEngine, monkeypatch: pytest.MonkeyPatch) -> Other:
    """What stands behind `ready` for one test."""
    other = Other()
    monkeypatch.setattr(ready, "_other", other)
    return other
