"""AI-Talk's REST interface: what it says of itself, and its models unloaded and loaded."""

import json
import time
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.journeys.ai_talk import TURN_S, check_turn, visiting
from tests.support.cluster import Cluster
from tests.support.spoken import utterance

pytestmark = pytest.mark.timeout(120)
MODEL = {"model_name", "is_loaded", "device", "dtype", "backend"}
MODELS = {
    "asr": MODEL | {"sample_rate", "stream_delay_ms"},
    "llm": MODEL
    | {"max_model_len", "gpu_memory_utilization", "default_max_tokens", "default_temperature"}
    | {"default_top_p", "gpu_info"},
    "tts": MODEL | {"sample_rate", "available_voices", "audio_shift_ms"},
}
CONFIG = {
    *("preload_models", "memory_efficient_loading", "asr_sample_rate", "tts_sample_rate"),
    *("llm_max_model_len", "llm_gpu_memory_utilization"),
}
GPU = {
    *("cuda_available", "gpu_name", "total_memory_gb", "free_memory_gb", "required_memory_gb"),
    *("sufficient_memory", "warnings"),
}


def test_the_rest_bodies_have_what_is_documented(embedded: Cluster) -> None:
    status, root = embedded.get("/")
    assert status == 200
    assert root.keys() >= {"name", "version", "description", "models", "endpoints"}
    assert root["name"] == "AI-Talk Backend"
    assert root["models"].keys() == {"stt", "llm", "tts"}
    assert root["endpoints"].keys() >= {"websocket", "health", "ready", "status", "gpu", "docs"}
    assert root["endpoints"]["websocket"] == "/ws/conversation"
    assert root["endpoints"]["docs"] == "disabled"

    status, health = embedded.get("/health")
    assert status == 200
    assert health.keys() >= {"status", "service", "timestamp"}
    assert (health["status"], health["service"]) == ("healthy", "ai-talk-backend")

    status, ready = embedded.get("/ready")
    assert status == 200
    assert ready["status"] == "ready"
    assert ready["services"] == {"asr": True, "llm": True, "tts": True}
    assert ready["timestamp"]

    status, running = embedded.get("/status")
    assert status == 200
    assert running["status"] == "running"
    assert running.keys() >= {"environment", "version", "models", "config"}
    for name, keys in MODELS.items():
        assert running["models"][name].keys() >= keys, name
        assert running["models"][name]["is_loaded"] is True
    assert running["config"].keys() >= CONFIG
    (tutor,) = running["agents"]
    assert (tutor["name"], tutor["shortcomings"], tutor["refused"]) == ("tutor", [], "")

    status, gpu = embedded.get("/gpu")
    assert status == 200
    assert gpu.keys() >= GPU
    assert isinstance(gpu["warnings"], list)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_documentation_of_the_interface_needs_debug(embedded: Cluster, path: str) -> None:
    assert embedded.get(path)[0] == 404


async def test_models_can_be_unloaded_and_loaded_again(embedded: Cluster) -> None:
    assert embedded.get("/ready")[0] == 200
    try:
        assert post(embedded, "/models/unload") == {"status": "success", "message": "All models unloaded"}
        status, ready = wait_for_status(embedded, 503)
        assert (status, ready["status"]) == (503, "not_ready")
        assert ready["services"] == {"asr": False, "llm": False, "tts": False}
    finally:
        loaded = post(embedded, "/models/load")
    assert loaded == {
        "status": "success",
        "results": {name: {"success": True, "error": None} for name in ("asr", "llm", "tts")},
    }
    # They kill one worker in twenty or so between its fork and its exec: loading must not depend on luck.
    assert "fork() handlers" not in embedded.log("stt")
    assert wait_for_status(embedded, 200)[1]["services"] == {"asr": True, "llm": True, "tts": True}

    speech = utterance(after_s=1)
    async with visiting(embedded) as client:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        check_turn(client, after=1)


def wait_for_status(cluster: Cluster, wanted: int) -> tuple[int, dict[str, Any]]:
    """The first /ready that answers `wanted` with every service alike."""
    until = time.monotonic() + 20
    while True:
        status, ready = cluster.get("/ready")
        if (status == wanted and len(set(ready["services"].values())) == 1) or time.monotonic() > until:
            return status, ready
        time.sleep(0.05)


def post(cluster: Cluster, path: str) -> Any:
    with urlopen(Request(f"{cluster.url}{path}", method="POST"), timeout=40) as answer:
        return json.load(answer)
