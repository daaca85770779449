"""What processes hold of the cards is read of nvidia-smi or NVIDIA's library; a sick driver holds nothing."""

import os
from pathlib import Path

import pytest

from chassis import gpu_cards
from engine_room import gpu_holdings, held_memory
from engine_room.gpu_holdings import held_by_gpu
from tests.support.nvidia_library import Library
from tests.support.nvidia_smi import MIB, put_nvidia_smi

CARDS = ["0, GPU-aaa, 23034, 22563, NVIDIA L4", "1, GPU-bbb, [N/A], [N/A], NVIDIA GB10"]


@pytest.fixture(autouse=True)
def _no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also on a machine that has it."""
    for module in (gpu_cards, gpu_holdings):
        monkeypatch.setattr(module, "open_nvml", lambda: None)


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


def test_without_nvidia_smi_nobody_holds_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert held_by_gpu({1}) == {}


@pytest.mark.parametrize(
    ("library", "held"),
    [(Library({0: (100, 40)}), {"GPU-0": 10, "GPU-1": 10}), (Library({}, broken=True), {})],
)
def test_the_library_is_asked_where_there_is_one(
    library: Library, held: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_holdings, "open_nvml", lambda: library)
    assert held_by_gpu({7, 8}) == held
    assert library.open == 0
