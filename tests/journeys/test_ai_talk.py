"""AI-Talk's frontend, as its protocol describes it, against the whole cluster."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.journeys.recorder import record, webm
from tests.journeys.speech import silence, spoken
from tests.support.client import Client, talking_to
from tests.support.cluster import Cluster

pytestmark = pytest.mark.timeout(120)
FRAME_BYTES = 8192
TURN_S = 30.0
SAID = "hello there"
REPLY = "This is the fake reply to turn 1."
NOTHING_SAID = {
    "grammar_score": 0,
    "final_score": 0,
    "mistakes": [],
    "strengths": [],
    "suggestions": ["Try to speak more during the conversation!"],
}


def visit(cluster: Cluster, story: Callable[[Client], Awaitable[None]]) -> None:
    """Connect as the frontend does; `connected` must be the first message."""

    async def run() -> None:
        async with talking_to(f"{cluster.ws}/ws/conversation") as client:
            await client.wait_type("connected")
            assert client.messages[0].message == client.controls()[0]
            assert client.controls()[0].keys() == {"type", "session_id"}
            uuid.UUID(client.controls()[0]["session_id"])
            await story(client)

    asyncio.run(run())


def check_turn(client: Client, after: int) -> dict[str, Any]:
    """One whole turn from message `after` on, in its order. Its transcript and full text."""
    messages = [received.message for received in client.messages[after:]]
    controls = [message for message in messages if isinstance(message, dict)]
    audio = [message for message in messages if isinstance(message, bytes)]
    kinds = ["audio" if isinstance(message, bytes) else message["type"] for message in messages]

    assert kinds.count("transcript") == 1
    assert kinds[0] == "transcript"
    assert messages[0] == {"type": "transcript", "text": controls[0]["text"], "is_final": True}
    assert controls[0]["text"]

    texts = [message for message in controls if message["type"] == "ai_text"]
    assert len(texts) >= 2
    for text in texts[:-1]:
        assert text == {"type": "ai_text", "text": text["text"], "is_complete": False}
    full = texts[-1]["full_text"]
    assert texts[-1] == {"type": "ai_text", "text": "", "is_complete": True, "full_text": full}
    assert "".join(text["text"] for text in texts).strip() == full.strip()
    assert full

    assert kinds.count("ai_audio_start") == 1
    assert {"type": "ai_audio_start", "sample_rate": 24_000} in controls
    assert kinds.index("ai_audio_start") < kinds.index("audio"), "audio came before its start"
    assert [len(frame) for frame in audio[:-1]] == [FRAME_BYTES] * (len(audio) - 1)
    assert 0 < len(audio[-1]) <= FRAME_BYTES
    assert len(audio[-1]) % 2 == 0

    assert messages[-1] == {"type": "turn_complete"}
    assert kinds.count("turn_complete") == 1
    assert set(kinds) == {"transcript", "ai_text", "ai_audio_start", "audio", "turn_complete"}
    return {"transcript": controls[0]["text"], "full_text": full, "audio_s": sum(map(len, audio)) / 48_000}


def check_analysis(data: dict[str, Any]) -> None:
    assert data.keys() == NOTHING_SAID.keys()
    for score in ("grammar_score", "final_score"):
        assert type(data[score]) is int
        assert 0 <= data[score] <= 100
    for mistake in data["mistakes"]:
        assert mistake.keys() == {"original", "correction", "explanation"}
        assert all(isinstance(value, str) for value in mistake.values())
    for points in ("strengths", "suggestions"):
        assert len(data[points]) <= 5
        assert all(isinstance(point, str) for point in data[points])


def test_a_pcm_utterance_gets_one_whole_turn_in_order(fake: Cluster) -> None:
    speech = spoken(after_s=1)

    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        turn = check_turn(client, after=1)
        assert (turn["transcript"], turn["full_text"]) == (SAID, REPLY)

    visit(fake, story)


def test_the_audio_of_a_long_reply_comes_in_frames_of_8192_bytes(embedded: Cluster) -> None:
    speech = spoken(after_s=1)

    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        assert check_turn(client, after=1)["audio_s"] > 1

    visit(embedded, story)


def test_a_recorder_that_falls_silent_by_sending_nothing_gets_its_turn(embedded: Cluster) -> None:
    recording = webm(spoken())

    async def story(client: Client) -> None:
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S)
        first = check_turn(client, after=1)
        seen = len(client.messages)
        # A new recording on the same socket has a header of its own.
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S, after=seen)
        second = check_turn(client, after=seen)
        assert first["audio_s"] > 0.5
        assert second["audio_s"] > 0.5

    visit(embedded, story)


def test_a_recording_that_goes_on_after_a_turn_needs_no_second_header(fake: Cluster) -> None:
    phrase = spoken(after_s=1)
    recording = webm(phrase + silence(4) + phrase)

    async def story(client: Client) -> None:
        await record(client.socket, recording)
        await client.wait_type("turn_complete", TURN_S)
        first = next(
            number
            for number, received in enumerate(client.messages)
            if received.message == {"type": "turn_complete"}
        )
        await client.wait_type("turn_complete", TURN_S, after=first + 1)
        assert check_turn(client, after=first + 1)["transcript"] == SAID

    visit(fake, story)


def test_process_audio_ends_the_turn_without_waiting_for_silence(fake: Cluster) -> None:
    speech = spoken()

    async def story(client: Client) -> None:
        await client.speak(speech)
        asked = time.monotonic()
        await client.send(type="process_audio")
        transcript = await client.wait(lambda m: m["type"] == "transcript")
        assert transcript.at - asked < 0.5, "it waited for the silence that ends a turn"
        await client.wait_type("turn_complete", TURN_S)
        check_turn(client, after=1)

    visit(fake, story)


def test_speech_over_a_reply_interrupts_it_and_is_answered_itself(embedded: Cluster) -> None:
    speech = spoken(before_s=0.1, after_s=1)

    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.wait_audio(TURN_S)
        await asyncio.sleep(0.3)
        await client.speak(speech)
        interrupted = await client.wait_type("turn_complete", TURN_S)
        assert interrupted == {"type": "turn_complete", "interrupted": True}
        await client.wait(lambda m: m == {"type": "turn_complete"}, TURN_S)
        assert [m["type"] for m in client.controls()].count("transcript") == 2

    visit(embedded, story)


def test_what_is_asked_is_answered_word_for_word(fake: Cluster) -> None:
    async def story(client: Client) -> None:
        await client.send(type="ping")
        await client.wait(lambda m: m == {"type": "pong"})

        # A good level, no level and an unknown type get no reply.
        for level in ("beginner", "intermediate", "advanced"):
            await client.send(type="set_level", level=level)
        await client.send(type="set_level")
        await client.send(type="dance", with_whom="everybody")
        await client.send(no_type="at all")

        await client.send(type="set_level", level="genius")
        await client.socket.send("{this is not JSON")
        await client.send(type="ping")
        await client.wait(lambda m: m["type"] == "pong", after=2)
        assert client.controls()[1:] == [
            {"type": "pong"},
            {"type": "error", "message": "Invalid level: genius"},
            {"type": "error", "message": "Invalid JSON message"},
            {"type": "pong"},
        ]

    visit(fake, story)


def test_ending_without_an_utterance_gives_the_analysis_of_nothing(embedded: Cluster) -> None:
    async def story(client: Client) -> None:
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        assert analysis == {"type": "analysis", "data": NOTHING_SAID}

    visit(embedded, story)


def test_ending_after_a_turn_gives_an_analysis_of_it(embedded: Cluster) -> None:
    speech = spoken(after_s=1)

    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        check_analysis(analysis["data"])
        assert analysis["data"] != NOTHING_SAID
        assert analysis["data"]["final_score"] > 0
        assert analysis["data"]["suggestions"]

    visit(embedded, story)


def test_ending_while_speaking_finishes_the_turn_before_the_analysis(fake: Cluster) -> None:
    speech = spoken()

    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.send(type="end_conversation")
        analysis = await client.wait_type("analysis", TURN_S)
        check_analysis(analysis["data"])
        kinds = [message["type"] for message in client.controls()]
        assert kinds.index("transcript") < kinds.index("turn_complete") < kinds.index("analysis")

    visit(fake, story)


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

    status, gpu = embedded.get("/gpu")
    assert status == 200
    assert gpu.keys() >= GPU
    assert isinstance(gpu["warnings"], list)


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_documentation_of_the_interface_needs_debug(embedded: Cluster, path: str) -> None:
    assert embedded.get(path)[0] == 404


def test_models_can_be_unloaded_and_loaded_again(embedded: Cluster) -> None:
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
    assert wait_for_status(embedded, 200)[1]["services"] == {"asr": True, "llm": True, "tts": True}
    visit(embedded, _one_turn(spoken(after_s=1)))


def _one_turn(speech: bytes) -> Callable[[Client], Awaitable[None]]:
    async def story(client: Client) -> None:
        await client.speak(speech)
        await client.wait_type("turn_complete", TURN_S)
        check_turn(client, after=1)

    return story


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
