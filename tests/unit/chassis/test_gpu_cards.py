"""What the cards have is read of nvidia-smi or NVIDIA's library; a sick driver is no GPU."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chassis import gpu_cards
from chassis.gpu_cards import Gpu, look_at_gpus
from tests.support.nvidia_library import Library
from tests.support.nvidia_smi import MIB, put_broken_nvidia_smi, put_nvidia_smi

CARDS = [
    "0, GPU-aaa, 23034, 22563, NVIDIA L4",
    "1, GPU-bbb, [N/A], [N/A], NVIDIA GB10, with a comma",
]


@pytest.fixture(autouse=True)
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a machine that has it."""
    monkeypatch.setattr(gpu_cards, "open_nvml", lambda: None)


def test_the_cards_are_read_with_their_memory_in_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", put_nvidia_smi(tmp_path, CARDS))
    assert look_at_gpus() == (
        Gpu(0, "GPU-aaa", "NVIDIA L4", 23034 * MIB, 22563 * MIB),
        Gpu(1, "GPU-bbb", "NVIDIA GB10, with a comma", 0, 0),
    )


def test_a_machine_without_nvidia_smi_has_no_gpu(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert look_at_gpus() == ()


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
    monkeypatch.setattr(gpu_cards, "ASK_S", 0.5)
    monkeypatch.setenv("PATH", put_broken_nvidia_smi(tmp_path, script))
    assert look_at_gpus() == ()


@contextmanager
def asked(library: Library, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(gpu_cards, "open_nvml", lambda: library)
    yield
    assert library.open == 0


def test_the_library_is_asked_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(Library({0: (100, 40)}), monkeypatch):
        assert look_at_gpus() == (Gpu(0, "GPU-0", "card 0", 100, 40), Gpu(1, "GPU-1", "card 1", 0, 0))


def test_a_library_that_fails_in_the_middle_is_no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    with asked(Library({}, broken=True), monkeypatch):
        assert look_at_gpus() == ()


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
