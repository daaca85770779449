"""`parley setup` as a process of its own, with a made-up model on a hub on loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from tests.support.fake_hub import COMMIT, FakeHub, fake_hub

MODEL = "tiny/model"
WEIGHTS = "model.safetensors"
SIZE = 25_000_000
STEP = 10 * 1024 * 1024
"""The library writes what it receives in steps of this many bytes."""
TOKEN = "hf_nobodymaysee"
FILES = {
    "config.json": b'{"model_type": "tiny"}',
    "tokenizer.json": b"{}",
    WEIGHTS: Random(1).randbytes(SIZE),
    "pytorch_model.bin": Random(2).randbytes(200_000),
    "onnx/model.onnx": Random(3).randbytes(200_000),
    "original/consolidated.00.pth": Random(4).randbytes(200_000),
    "README.md": b"# Tiny",
}
NEEDED = {"config.json", "tokenizer.json", WEIGHTS}


@contextmanager
def hub_with_model() -> Iterator[FakeHub]:
    with fake_hub() as running:
        running.models[MODEL] = dict(FILES)
        yield running


def surroundings(tmp_path: Path, hub: FakeHub | None, **environment: str) -> dict[str, str]:
    return {
        **os.environ,
        "HF_ENDPOINT": hub.url if hub else "http://127.0.0.1:9",
        "HF_HOME": str(tmp_path / "home"),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": "60",  # a busy machine is no broken connection
        "HF_TOKEN": "",
        "NO_PROXY": "127.0.0.1,localhost",
        "LLM_ENGINE": "transformers",
        "LLM_MODEL_NAME": MODEL,
        "MODELS_CACHE_DIR": str(tmp_path / "models"),
        **environment,
    }


def command(*options: str) -> list[str]:
    return [sys.executable, "-m", "cli.main", "setup", *options]


def setup(
    tmp_path: Path, hub: FakeHub | None, *options: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    surrounding = surroundings(tmp_path, hub, **environment)
    done = subprocess.run(command(*options), capture_output=True, text=True, timeout=90, env=surrounding)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def download(tmp_path: Path, hub: FakeHub, **environment: str) -> dict[str, Any]:
    """The one model of a download that must work."""
    done = setup(tmp_path, hub, "--download", "--json", **environment)
    assert done.returncode == 0, done.stderr
    (model,) = json.loads(done.stdout)["models"]
    return dict(model)


def place(tmp_path: Path) -> Path:
    return tmp_path / "models" / "models--tiny--model"


def snapshot(tmp_path: Path) -> dict[str, bytes]:
    folder = place(tmp_path) / "snapshots" / COMMIT
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}
