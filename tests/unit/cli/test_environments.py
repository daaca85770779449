"""A service runs in its engine's own environment where there is one."""

import sys
from pathlib import Path

import pytest

from cli.environments import interpreter


def make(root: Path, name: str) -> str:
    python = root / name / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_bytes(b"")
    return str(python)


def test_an_engine_has_its_own_python_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    assert interpreter("stt", {"STT_ENGINE": "moshi"}) == sys.executable
    kyutai = make(tmp_path / ".venvs", "kyutai")
    assert interpreter("stt", {"STT_ENGINE": "moshi"}) == kyutai
    assert interpreter("stt", {"STT_ENGINE": "moonshine"}) == sys.executable
    assert interpreter("llm", {"STT_ENGINE": "moshi", "LLM_ENGINE": "tutor"}) == sys.executable


def test_environments_find_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vllm, kyutai = (make(tmp_path / ".venvs", name) for name in ("vllm", "kyutai"))
    monkeypatch.setattr(sys, "prefix", str(Path(vllm).parents[1]))
    assert interpreter("tts", {"TTS_ENGINE": "moshi"}) == kyutai


def test_the_operator_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_PYTHON", "/opt/llm/bin/python")
    assert interpreter("llm", {"LLM_ENGINE": "vllm"}) == "/opt/llm/bin/python"
