"""Kyutai's ear and voice and vLLM at once, each in its own environment, on tiny random models."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.client import RATE
from tests.support.cluster import Cluster, cluster
from tests.support.spoken import silence, utterance, write_wav

pytestmark = pytest.mark.timeout(400)
ROOT = Path(__file__).parents[2]
VLLM, KYUTAI = (ROOT / ".venvs" / name / "bin" / "python" for name in ("vllm", "kyutai"))


def made(python: Path, module: str, *arguments: str) -> None:
    subprocess.run([str(python), "-m", module, *arguments], cwd=ROOT, check=True, timeout=120)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    models = tmp_path_factory.mktemp("models")
    for name in ("llm", "stt", "tts"):
        (models / name).mkdir()
    made(VLLM, "tests.engines.tiny_model", str(models / "llm"))
    made(KYUTAI, "tests.kyutai.tiny_kyutai", "stt", str(models / "stt"))
    made(KYUTAI, "tests.kyutai.tiny_kyutai", "tts", str(models / "tts"))
    environment = {
        **{"STT_ENGINE": "moshi", "ASR_MODEL_NAME": str(models / "stt"), "STT_SLOTS": "4"},
        **{"TTS_ENGINE": "moshi", "TTS_MODEL_NAME": str(models / "tts"), "TTS_SLOTS": "4"},
        **{"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": str(models / "llm"), "LLM_MAX_MODEL_LEN": "4096"},
        **{"LLM_GPU_MEMORY_UTILIZATION": "0.1", "LLM_ENFORCE_EAGER": "true", "LLM_MAX_TOKENS": "24"},
        **{"VLLM_CPU_KVCACHE_SPACE": "1", "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        # Random models are slow on a processor, and a reply's first words may be no words.
        **{"LLM_FIRST_TOKEN_S": "20", "TTS_FIRST_AUDIO_S": "30", "TURN_WAIT_S": "60", "STT_FINAL_S": "20"},
        "STT_END_OF_TURN": "silence",
        "ASR_FILTER_NOISE_TRANSCRIPTS": "false",
    }
    with cluster(tmp_path_factory.mktemp("together"), "fake", environment, ready_s=300) as started:
        yield started


def test_all_three_are_loaded_and_say_what_they_are(running: Cluster) -> None:
    models = running.get("/status")[1]["models"]
    assert {name: models[name]["backend"] for name in ("asr", "llm", "tts")} == {
        "asr": "moshi",
        "llm": "vllm",
        "tts": "moshi",
    }
    assert running.get("/v1/voices")[1]["data"][0]["id"] == "anna"


def test_a_spoken_turn_goes_through_all_three(running: Cluster, tmp_path: Path) -> None:
    question = write_wav(tmp_path / "question.wav", utterance() + silence(0.5), RATE)
    url = f"{running.ws}/v1/conversation"
    command = [sys.executable, "-m", "cli.main", "talk", str(question), "--url", url, "--json"]
    done = subprocess.run([*command, "--timeout", "90"], capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["transcript"]
    assert answer["turns"] >= 1
    assert answer["reply_audio_s"] > 0.5
    assert running.metric("stt", "parley_stt_step_seconds_count") > 0
    assert running.metric("tts", "parley_tts_step_seconds_count") > 0
