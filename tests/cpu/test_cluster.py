"""A whole cluster in the profile `cpu`: its ear and its voice on random weights, with rules for a mind."""

import subprocess
import sys
import wave
from pathlib import Path

import pytest

from protos.sound import HEARD_RATE
from tests.cpu.tiny_pocket import SOON, make
from tests.engines.stt_conformance import first_words
from tests.support.cluster import cluster
from tests.support.spoken import silence

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]


def test_who_speaks_is_heard_and_answered(tmp_path: Path, tiny_whisper: Path) -> None:
    voice = tmp_path / "voice"
    voice.mkdir()
    recording = tmp_path / "question.wav"
    with wave.open(str(recording), "wb") as file:
        file.setparams((1, 2, HEARD_RATE, 0, "NONE", ""))
        file.writeframes(first_words() + silence(1.0))
    environment = {
        "ASR_WHISPER_FALLBACK_MODEL": str(tiny_whisper),
        "TTS_MODEL_NAME": str(make(voice, SOON)),
        "LLM_ENGINE": "tutor",
        "ANALYSIS_ENGINE": "rules",
    }
    with cluster(tmp_path / "state", "cpu", environment, ready_s=120) as running:
        _, status = running.get("/status")
        command = [sys.executable, "-m", "cli.main", "talk", str(recording), "--out", str(tmp_path / "a.wav")]
        talked = subprocess.run(
            [*command, "--url", f"{running.ws}/v1/conversation"],
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
    assert talked.returncode == 0, talked.stderr
    assert "understood:" in talked.stdout
    assert (tmp_path / "a.wav").stat().st_size > 24_000
    assert {model["backend"] for model in status["models"].values()} >= {"whisper", "pocket"}
