"""What the cluster adds to a turn: `make bench-latency`.

Ten sessions talk at once to fake engines with exact delays. Added latency is the time from a user's last
voiced sample to the first byte of the reply, less the silence that ends a turn and the engines' delays.
"""

import asyncio
import random
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.load.measure import Lag, percentile, show
from tests.support.client import FRAME_BYTES, FRAME_S, SILENCE, Client, talking_to
from tests.support.cluster import cluster

SESSIONS = 10
TURNS = 8
SPEECH_S = 1.0
SILENCE_S, STT_S, LLM_S, TTS_S = 0.600, 0.080, 0.150, 0.100
SCRIPTED_S = SILENCE_S + STT_S + LLM_S + TTS_S
ENVIRONMENT = {
    "STT_VAD": "energy",
    "TURN_DRAFTS": "false",  # what is hidden in the silence would be taken off the cluster's own time
    "STT_END_TRIGGER_MS": str(int(SILENCE_S * 1000)),
    "FAKE_STT_TEXT": "say:1s",
    "FAKE_STT_FINAL_S": str(STT_S),
    "FAKE_LLM_FIRST_TOKEN_S": str(LLM_S),
    "FAKE_TTS_FIRST_AUDIO_S": str(TTS_S),
}


class Speaker:
    """One session's microphone: a frame every 20 ms for as long as it lives, voiced or not."""

    def __init__(self, client: Client, rng: random.Random) -> None:
        self._client, self._rng = client, rng
        noise = np.random.default_rng(7).integers(-12_000, 12_000, FRAME_BYTES // 2, dtype=np.int16)
        self._voice = noise.tobytes()
        self._voiced_frames = 0
        self.last_voiced_at = 0.0

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            voiced = self._voiced_frames > 0
            await self._client.socket.send(self._voice if voiced else SILENCE)
            if voiced:
                self._voiced_frames -= 1
                self.last_voiced_at = time.monotonic()
            due += FRAME_S
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async def turn(self) -> float:
        """One exchange; the added latency in seconds."""
        mark = len(self._client.messages)
        self._voiced_frames = int(SPEECH_S / FRAME_S)
        first = await self._client.wait_audio(20, after=mark)
        added = first.at - self.last_voiced_at - SCRIPTED_S
        await self._client.wait(lambda m: m["type"] == "turn_complete", 20, after=mark)
        await asyncio.sleep(self._rng.uniform(0.1, 0.6))
        return added


async def talk(url: str, seed: int) -> list[float]:
    rng = random.Random(seed)
    await asyncio.sleep(rng.uniform(0, 1.5))
    async with talking_to(url) as client:
        speaker = Speaker(client, rng)
        microphone = asyncio.create_task(speaker.run())
        try:
            await client.wait_type("connected")
            added = [await speaker.turn() for _ in range(TURNS + 1)]
        finally:
            microphone.cancel()
    return added[1:]  # the first turn warms the connection


async def measure(url: str, sessions: int) -> tuple[list[float], Lag]:
    lag = Lag()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(lag.watch())
        talks = [group.create_task(talk(url, seed)) for seed in range(sessions)]
        await asyncio.wait(talks)
        watch.cancel()
    return [seconds * 1000 for task in talks for seconds in task.result()], lag


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), "fake", ENVIRONMENT) as running:
        added, lag = asyncio.run(measure(f"{running.ws}/v1/conversation", SESSIONS))
    p50, p99 = percentile(added, 0.5), percentile(added, 0.99)
    rows = [
        ("sessions at once", SESSIONS),
        ("turns measured", len(added)),
        ("scripted delays taken off, ms", round(SCRIPTED_S * 1000)),
        ("added by the cluster, p50 ms", round(p50, 1)),
        ("added by the cluster, p95 ms", round(percentile(added, 0.95), 1)),
        ("added by the cluster, p99 ms", round(p99, 1)),
    ]
    result = {"sessions": SESSIONS, "added_p50_ms": round(p50, 2), "added_p99_ms": round(p99, 2)}
    show("Added latency, user's last voiced sample to the reply's first byte", rows, result, lag)


if __name__ == "__main__":
    main()
