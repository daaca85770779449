"""What the cards have is read of nvidia-smi or NVIDIA's library; a sick driver is no GPU."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chassis import gpu_memory, held_memory
from chassis.gpu_memory import Gpu, held_by_gpu, look_at_gpus
from tests.support.nvidia_smi import MIB, put_broken_nvidia_smi, put_nvidia_smi

CARDS = [
    "0, GPU-aaa, 23034, 22563, NVIDIA L4",
    "1, GPU-bbb, [N/A], [N/A], NVIDIA GB10, with a comma",
]


@pytest.fixture(autouse=True)
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a machine that has it."""
    monkeypatch.setattr(gpu_memory, "_open_nvml", lambda: None)


def test_the_cards_are_read_with_their_memory_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path, CARDS))
    assert look_at_gpus() == (
        Gpu(0, "GPU-aaa", "NVIDIA L4", 23034 * MIB, 22563 * MIB),
        Gpu(1, "GPU-bbb", "NVIDIA GB10, with a comma", 0, 0),
    )


def test_what_processes_hold_is_told_by_card_and_only_theirs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = ["GPU-aaa, 7, 100", "GPU-aaa, 8, 50", "GPU-bbb, 7, 1", "GPU-aaa, 9, 4000", "GPU-bbb, 8, [N/A]"]
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path, CARDS, held))
    assert held_by_gpu({7, 8}) == {"GPU-aaa": 150 * MIB, "GPU-bbb": MIB}
    assert held_by_gpu({1}) == {}


def test_what_we_hold_ourselves_counts_as_free_for_us(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [f"GPU-aaa, {os.getpid()}, 100", "GPU-aaa, 1, 30"]
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path, CARDS, held))
    assert held_memory.gpus_for_us()[0].free == 22663 * MIB
    weighed = held_memory.weigh()
    assert weighed.gpus == 100 * MIB
    assert weighed.main > 1_000_000
    assert held_memory.held_bytes() > 100 * MIB


def test_a_machine_without_nvidia_smi_has_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert (look_at_gpus(), held_by_gpu({1})) == ((), {})


@pytest.mark.parametrize(
    "script",
    [
        "echo 'NVIDIA-SMI has failed because it could not talk to the driver'; exit 9",
        f"echo '{CARDS[0]}'; exit 1",
        "echo rubbish",
        "true",
        "exec sleep 60",
    ],
)
def test_a_driver_that_does_not_work_is_no_gpu(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_memory, "ASK_S", 0.5)
    monkeypatch.setenv("PATH", put_broken_nvidia_smi(tmp_path, script))
    assert look_at_gpus() == ()


class Library:
    """NVIDIA's, as far as it is asked. Knows whether it was shut down."""

    class NVMLError(Exception):
        pass

    def __init__(self, memory: dict[int, tuple[int, int]], broken: bool = False) -> None:
        self._memory, self._broken = memory, broken
        self.open = 1

    def nvmlDeviceGetCount(self) -> int:
        if self._broken:
            raise self.NVMLError
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> bytes:
        return f"GPU-{handle}".encode()

    def nvmlDeviceGetName(self, handle: int) -> str:
        return f"card {handle}"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        if handle not in self._memory:
            raise self.NVMLError
        total, free = self._memory[handle]
        return SimpleNamespace(total=total, free=free)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[Any]:  # noqa: ARG002
        return [SimpleNamespace(pid=7, usedGpuMemory=10), SimpleNamespace(pid=8, usedGpuMemory=None)]

    def nvmlShutdown(self) -> None:
        self.open -= 1


@contextmanager
def asked(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(gpu_memory, "_open_nvml", lambda: library)
    yield
    assert library.open == 0


def test_the_library_is_asked_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(Library({0: (100, 40)}), monkeypatch):
        assert look_at_gpus() == (Gpu(0, "GPU-0", "card 0", 100, 40), Gpu(1, "GPU-1", "card 1", 0, 0))
    with asked(Library({0: (100, 40)}), monkeypatch):
        assert held_by_gpu({7, 8}) == {"GPU-0": 10, "GPU-1": 10}


def test_a_library_that_fails_in_the_middle_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(Library({}, broken=True), monkeypatch):
        assert look_at_gpus() == ()
    with asked(Library({}, broken=True), monkeypatch):
        assert held_by_gpu({7}) == {}


def test_a_library_that_cannot_begin_is_not_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    (tmp_path / "pynvml.py").write_text(
        "class NVMLError(Exception): pass\ndef nvmlInit(): raise NVMLError('Driver Not Loaded')\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path / "bin", CARDS[:1]))
    assert [gpu.uuid for gpu in look_at_gpus()] == ["GPU-aaa"]
    monkeypatch.delitem(sys.modules, "pynvml")
