"""What a test tells CUDA, or a gauge, of a GPU is told to the whole process: it is put back afterwards."""

from collections.abc import Iterator

import pytest

from engine_room.gpu_guard import HELD, SLICE


@pytest.fixture(autouse=True)
def _no_gpu_is_left_chosen(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for variable in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    yield
    SLICE.set(0)
    HELD.set(0)
