"""A client exactly as AI-Talk's protocol describes it, and what it expects of a turn."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.support.client import Client, talking_to
from tests.support.cluster import Cluster

FRAME_BYTES = 8192
TURN_S = 30.0


@asynccontextmanager
async def visiting(cluster: Cluster) -> AsyncIterator[Client]:
    """Connected as the frontend does; `connected` must be the first message."""
    async with talking_to(f"{cluster.ws}/ws/conversation") as client:
        await client.wait_type("connected")
        assert client.messages[0].message == client.controls()[0]
        assert client.controls()[0].keys() == {"type", "session_id"}
        uuid.UUID(client.controls()[0]["session_id"])
        yield client


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
