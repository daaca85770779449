"""What is found out about this machine: control groups, disks, and a driver that may hang or lie."""

import os
import sys
import time
from pathlib import Path

import pytest

from cli.setup import graphics
from cli.setup.graphics import MIB, choose_visible, look_at_graphics, read_gpus
from cli.setup.machine import find_absent, find_absent_in, look_at_disk, look_at_memory, weigh
from tests.unit.cli.setup.making import gpu

ANSWER = "0, NVIDIA L4, 580.65.06, 23034, 22563, 8.9\n1, NVIDIA GB10, 580.95.05, [N/A], [N/A], 12.1\n"


def nvidia_smi(folder: Path, script: str) -> dict[str, str]:
    """An environment whose nvidia-smi is this."""
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def test_gpus_are_read_with_their_memory_in_bytes(tmp_path: Path) -> None:
    seen = look_at_graphics(nvidia_smi(tmp_path, f"printf '{ANSWER}'"))
    first, second = seen.gpus
    assert (first.name, first.driver, first.capability) == ("NVIDIA L4", "580.65.06", (8, 9))
    assert (first.total, first.free) == (23034 * MIB, 22563 * MIB)
    assert (second.total, second.capability) == (0, (12, 1)), "it does not say"
    assert seen.problem == ""


def test_an_old_driver_that_knows_no_capability_is_asked_without(tmp_path: Path) -> None:
    script = 'case "$1" in *compute_cap*) echo "Field compute_cap is not valid"; exit 2;; esac; '
    seen = look_at_graphics(nvidia_smi(tmp_path, script + 'echo "0, Tesla T4, 450.51, 15109, 15000"'))
    assert [(card.name, card.capability) for card in seen.gpus] == [("Tesla T4", (0, 0))]


def test_a_driver_that_hangs_is_left_alone_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graphics, "ASK_S", 0.3)
    began = time.monotonic()
    seen = look_at_graphics(nvidia_smi(tmp_path, "exec sleep 30"))
    assert "hangs" in seen.problem
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'NVIDIA-SMI has failed because it could not talk to the driver'; exit 9", "could not talk"),
        ("exit 3", "status 3"),
        ("true", "lists no GPU"),
        ("echo rubbish", "lists no GPU"),
    ],
)
def test_a_driver_that_does_not_work_says_why(tmp_path: Path, script: str, said: str) -> None:
    assert said in look_at_graphics(nvidia_smi(tmp_path, script)).problem


def test_a_machine_without_a_driver_has_no_gpu() -> None:
    assert "no nvidia-smi" in look_at_graphics({"PATH": "/nowhere"}).problem


@pytest.mark.parametrize(
    ("visible", "expected"),
    [(None, [0, 1]), ("1", [1]), ("1,0", [1, 0]), ("", []), ("-1", []), ("0,7,1", [0]), ("GPU-ab", [0, 1])],
)
def test_only_gpus_that_cuda_may_see_count(visible: str | None, expected: list[int]) -> None:
    assert [card.index for card in choose_visible((gpu(), gpu(index=1)), visible)] == expected


def test_lines_that_are_no_gpu_are_passed_over() -> None:
    assert read_gpus("No devices were found\n") == ()


def groups(folder: Path, place: str, **limits: tuple[str, str, str]) -> tuple[Path, Path]:
    """A made-up /proc and control groups; each limit is the group's maximum, use and inactive file cache."""
    proc, cgroups = folder / "proc", folder / "cgroup"
    (proc / "self").mkdir(parents=True)
    (proc / "self/cgroup").write_text(f"0::{place}\n")
    (proc / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable: 900000000 kB\n")
    for name, (most, used, cached) in limits.items():
        group = cgroups / ("" if name == "root" else name)
        group.mkdir(parents=True, exist_ok=True)
        (group / "memory.max").write_text(f"{most}\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\n")
    return proc, cgroups


def test_a_containers_limit_counts_and_file_caches_are_free(tmp_path: Path) -> None:
    memory = look_at_memory(*groups(tmp_path, "/", root=("1000000", "600000", "200000")))
    assert (memory.total, memory.free, memory.limited) == (1_000_000, 600_000, True)


def test_the_tightest_group_above_counts(tmp_path: Path) -> None:
    limits = {"a": ("500000", "0", "0"), "root": ("900000", "0", "0")}
    (tmp_path / "cgroup/a/b").mkdir(parents=True)
    assert look_at_memory(*groups(tmp_path, "/a/b", **limits)).total == 500_000


def test_without_a_limit_the_machine_is_all_there_is(tmp_path: Path) -> None:
    memory = look_at_memory(*groups(tmp_path, "/", root=("max", "5", "0")))
    assert not memory.limited
    assert memory.total == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_above_it(tmp_path: Path) -> None:
    disk = look_at_disk(tmp_path / "not" / "yet")
    assert disk.free > 0
    assert not (tmp_path / "not").exists()


def test_a_file_in_the_way_of_the_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert str(tmp_path / "file") in look_at_disk(tmp_path / "file" / "models").problem


def test_modules_are_found_without_being_imported() -> None:
    assert find_absent(["json", "no_such_module"]) == {"no_such_module"}


def test_modules_are_looked_for_with_the_python_that_will_run(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nshift 2; echo "$1" >> {tmp_path}/asked; echo no_such_module\n')
    python.chmod(0o755)
    assert find_absent_in(str(python), ("json", "no_such_module")) == {"no_such_module"}
    assert (tmp_path / "asked").read_text() == "json\n"
    assert find_absent_in(str(tmp_path / "nowhere"), ("json",)) == {"json"}
    assert find_absent_in(sys.executable, ("json", "no_such_module")) == {"no_such_module"}


def test_a_model_of_ones_own_weighs_what_its_weights_weigh(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(bytes(30))
    (tmp_path / "pytorch_model.bin").write_bytes(bytes(50))
    assert weigh(tmp_path) == 30
    assert weigh(tmp_path / "pytorch_model.bin") == 50
