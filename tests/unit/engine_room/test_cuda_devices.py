"""GPU_INDEX counts what the operator lets CUDA see, and the process then sees that one alone."""

import os

import pytest

from chassis.faults import NotReady
from chassis.gpu_cards import Gpu
from engine_room.cuda_devices import choose_gpus, use_devices, visible_devices

GPUS = tuple(Gpu(index, f"GPU-{name}{name}", f"card {name}", 100, 100) for index, name in enumerate("abc"))


@pytest.mark.parametrize(
    ("visible", "index", "count", "chosen"),
    [
        (None, 0, 1, [0]),
        (None, 1, 2, [1, 2]),
        ("2,0", 0, 1, [2]),
        ("2, 0", 1, 1, [0]),
        ("GPU-b,GPU-aa", 0, 2, [1, 0]),
        ("1,-1,2", 0, 1, [1]),
    ],
)
def test_the_index_counts_what_is_visible_in_its_order(
    visible: str | None, index: int, count: int, chosen: list[int]
) -> None:
    assert [gpu.index for gpu in choose_gpus(GPUS, visible, index, count)] == chosen


@pytest.mark.parametrize("visible", ["", "-1", "MIG-0aa1", "7"])
def test_where_cuda_sees_no_whole_card_there_is_none_to_guard(visible: str) -> None:
    assert choose_gpus(GPUS, visible, 0, 1) == ()
    assert choose_gpus((), None, 0, 1) == ()


@pytest.mark.parametrize(
    ("visible", "index", "count"), [(None, 3, 1), (None, 2, 2), ("1", 1, 1), ("1,-1,2", 1, 1)]
)
def test_a_card_that_is_not_there_is_named_with_those_that_are(
    visible: str | None, index: int, count: int
) -> None:
    with pytest.raises(NotReady, match=rf"GPU_INDEX={index}.*there is 0 card [ab]"):
        choose_gpus(GPUS, visible, index, count)


def test_cuda_is_told_by_the_numbers_of_nvidia_smi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_DEVICE_ORDER", "FASTEST_FIRST")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert visible_devices() == "0"
    use_devices([GPUS[2], GPUS[1]])
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "2,1"
    assert os.environ["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
