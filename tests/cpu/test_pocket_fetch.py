"""What a machine with a way out fetches for one without."""

from pathlib import Path

import pytest

from tts_service.engines.pocket_fetch import main


def test_the_model_and_every_voice_are_fetched(
    tiny_pocket: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTS_MODEL_NAME", str(tiny_pocket))
    assert main() == 0
    told = capsys.readouterr().out.splitlines()
    voices = sorted(path.stem for path in (tiny_pocket.parent / "voices").iterdir())
    assert {line.rpartition(": ")[2] for line in told} == {"default", *voices}


def test_what_cannot_be_fetched_is_said_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TTS_MODEL_NAME", str(tmp_path))
    assert main() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("cannot fetch the voice model: ")
    assert "must hold one .yaml file" in line
