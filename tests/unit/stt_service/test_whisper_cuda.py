"""The CUDA library that Whisper opens: found in its package or on the system, or named."""

import importlib
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from stt_service.engines.whisper_cuda import LIBRARIES, open_cublas


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As NVIDIA's wheels lay it out, yet empty."""
    lib = tmp_path / "nvidia" / "cublas" / "lib"
    lib.mkdir(parents=True)
    for folder in (lib, lib.parent):
        (folder / "__init__.py").touch()
    for name in [name for name in sys.modules if name.partition(".")[0] == "nvidia"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    importlib.invalidate_caches()
    return lib


def some_library() -> str:
    """A shared library that is surely here: one of Python's own."""
    found = find_spec("_ctypes")
    assert found is not None
    assert found.origin is not None
    return found.origin


def test_a_package_that_is_not_there_is_named_with_its_remedy(package: Path) -> None:
    reason = open_cublas()
    assert reason.startswith("Whisper on a GPU needs libcublasLt.so.12, which cannot be opened (")
    assert reason.endswith("pip install -e '.[whisper-cuda]'")


def test_the_packages_libraries_are_opened(package: Path) -> None:
    for name in LIBRARIES:
        shutil.copy(some_library(), package / name)
    assert open_cublas() == ""


def test_a_broken_one_is_named(package: Path) -> None:
    shutil.copy(some_library(), package / LIBRARIES[0])
    (package / LIBRARIES[1]).write_bytes(b"not a library")
    assert "needs libcublas.so.12" in open_cublas()
