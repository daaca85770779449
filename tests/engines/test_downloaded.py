"""What `parley setup` downloads is what an engine loads, without a network."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.fake_hub import fake_hub

pytestmark = pytest.mark.timeout(180)


def setup(cache: Path, endpoint: str, offline: str, *options: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HUB_OFFLINE": offline,
        "TRANSFORMERS_OFFLINE": offline,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HOME": str(cache / "home"),
        "HF_TOKEN": "",
        "NO_PROXY": "127.0.0.1,localhost",
        "LLM_ENGINE": "transformers",
        "LLM_MODEL_NAME": "tiny/qwen",
        "LLM_MAX_MODEL_LEN": "512",
    }
    command = [
        sys.executable,
        "-m",
        "cli.main",
        "setup",
        "--profile",
        "fake",
        "--cache",
        str(cache),
        *options,
    ]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=150)


def test_a_downloaded_model_is_loaded_without_a_network(tiny_model: Path, tmp_path: Path) -> None:
    with fake_hub() as hub:
        files = (path for path in tiny_model.rglob("*") if path.is_file())
        hub.models["tiny/qwen"] = {str(path.relative_to(tiny_model)): path.read_bytes() for path in files}
        done = setup(tmp_path, hub.url, "0", "--download")
        assert done.returncode == 0, done.stderr
    done = setup(tmp_path, "http://127.0.0.1:9", "1", "--test")
    assert "✓ llm (transformers): ready in" in done.stdout, done.stdout
    assert done.returncode == 0
