"""MODELS_CACHE_DIR reaches every engine, also those whose libraries take no folder."""

import subprocess
import sys
from pathlib import Path

import pytest

from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings
from tts_service.settings import TtsSettings

KINDS = [SttSettings, LlmSettings, TtsSettings]
SEEN = """
import sys
from engine_room.models_folder import use_models_folder
if sys.argv[2] == "before":
    import huggingface_hub.constants
use_models_folder(sys.argv[1])
import huggingface_hub.constants
print(huggingface_hub.constants.HF_HUB_CACHE)
"""


@pytest.mark.parametrize("imported", ["before", "after"])
def test_a_library_that_is_given_no_folder_finds_the_models_there(imported: str, tmp_path: Path) -> None:
    said = subprocess.run(
        [sys.executable, "-c", SEEN, str(tmp_path), imported], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == str(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_the_folder_is_the_same_for_whoever_reads_it(
    kind: type[SttSettings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODELS_CACHE_DIR", "~/models")
    assert kind().models_cache_dir == str(tmp_path / "models")
    monkeypatch.setenv("MODELS_CACHE_DIR", "models")
    assert kind().models_cache_dir == str(Path.cwd() / "models")


@pytest.mark.parametrize("service", ["stt", "llm", "tts"])
def test_every_service_with_models_says_where_they_are_before_it_makes_its_engine(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that cannot be made shows what was said before."""
    code = f"""
import asyncio, os
import {service}_service.__main__ as main
def make(*_):
    print(os.environ.get("HF_HUB_CACHE"))
    raise KeyboardInterrupt
main.make_engine = make
main.main()
"""
    monkeypatch.setenv("MODELS_CACHE_DIR", str(tmp_path))
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert said.stdout.splitlines()[0] == str(tmp_path)
