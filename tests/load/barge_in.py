"""How fast a barge-in silences the reply: `make bench-barge-in`.

A user interrupts a long reply at a random moment, a hundred times, with real speech through the real
voice detector; only the engines are fake. The client plays the same frames through a gate of its own, so it
knows with which frame the detector decides. The fake voice writes the turn into every sample, so a byte
of a dead turn is recognised for what it is.
"""

import array
import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.outputs import Started
from stt_service.gate.vad import make_vad
from tests.load.measure import Lag, percentile, show
from tests.support.client import FRAME_BYTES, FRAME_S, SILENCE, Client, talking_to
from tests.support.cluster import cluster
from tests.support.spoken import speech
from tts_service.engines.fake import turn_of

SESSIONS = 4
ROUNDS = 25
VOICED = 0.01
"""Share of full scale above which a sample is voice."""
PHRASES = (
    "wait a moment please",
    "no that is not right",
    "excuse me can I ask something",
    "hold on a second",
)
ENVIRONMENT = {
    "STT_VAD": "silero",
    "FAKE_STT_TEXT": "wait say:20s",
    "FAKE_LLM_FIRST_TOKEN_S": "0.05",
    "FAKE_TTS_FIRST_AUDIO_S": "0.05",
}


@dataclass
class Figures:
    decision_ms: list[float] = field(default_factory=list)
    voice_ms: list[float] = field(default_factory=list)
    hold_ms: list[float] = field(default_factory=list)
    stale_bytes: int = 0


def phrase(text: str) -> list[bytes]:
    """Frames whose first one holds the first voiced sample."""
    samples = np.frombuffer(speech(text), np.int16)
    onset = int(np.flatnonzero(np.abs(samples) > VOICED * 32768)[0])
    pcm = samples[onset // (FRAME_BYTES // 2) * (FRAME_BYTES // 2) :].tobytes()
    pcm += bytes(-len(pcm) % FRAME_BYTES)
    return [pcm[start : start + FRAME_BYTES] for start in range(0, len(pcm), FRAME_BYTES)]


class Interrupter:
    """A microphone with a gate of its own beside it."""

    def __init__(self, client: Client, seed: int) -> None:
        self._client = client
        self._rng = random.Random(seed)
        self._gate = SpeechGate(make_vad("silero"), GateSettings())
        self._frames: list[bytes] = []
        self._phrases = [phrase(text) for text in PHRASES]
        self.voice_at = self.decided_at = 0.0
        self.decided = asyncio.Event()

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            frame = self._frames.pop(0) if self._frames else SILENCE
            await self._client.socket.send(frame)
            now = time.monotonic()
            self.voice_at = self.voice_at or (now if frame is not SILENCE else 0.0)
            if any(isinstance(output, Started) for output in self._gate.feed(frame)):
                self.decided_at = now
                self.decided.set()
            due += FRAME_S
            await asyncio.sleep(max(due - time.monotonic(), 0))

    async def interrupt(self, figures: Figures) -> None:
        """Wait for a reply, speak over it at a random moment, and see when it falls silent."""
        mark = len(self._client.messages)
        await self._client.wait_audio(20, after=mark)
        await asyncio.sleep(self._rng.uniform(0.0, 1.5))
        self.voice_at = 0.0
        self.decided.clear()
        self._frames = list(self._rng.choice(self._phrases))
        flushed = await self._client.wait(lambda m: m["type"] == "flush", 20, after=mark)
        await asyncio.wait_for(self.decided.wait(), 5)
        last = max(
            (
                r.at
                for r in self._client.messages[mark:]
                if isinstance(r.message, bytes) and r.at <= flushed.at
            ),
            default=self.decided_at,
        )
        figures.decision_ms.append(max(last - self.decided_at, 0.0) * 1000)
        figures.voice_ms.append((last - self.voice_at) * 1000)
        held = await self._client.wait(lambda m: m["type"] == "hold", 1, after=mark)
        figures.hold_ms.append((held.at - self.voice_at) * 1000)


def stale_bytes(client: Client) -> int:
    """Bytes of a turn that came after that turn was flushed."""
    dead: set[int] = set()
    stale = 0
    for received in client.messages:
        message = received.message
        if isinstance(message, dict):
            if message["type"] == "flush":
                dead.add(message["turn"])
            continue
        turns = {turn_of(sample) for sample in array.array("h", message)}
        stale += len(message) if turns & dead else 0
    return stale


async def talk(url: str, seed: int, figures: Figures, rounds: int) -> None:
    async with talking_to(url) as client:
        interrupter = Interrupter(client, seed)
        microphone = asyncio.create_task(interrupter.run())
        try:
            await client.wait_type("connected")
            await client.send(type="text", text="say:20s")
            for _ in range(rounds):
                await interrupter.interrupt(figures)
        finally:
            microphone.cancel()
        figures.stale_bytes += stale_bytes(client)


async def measure(url: str, rounds: int = ROUNDS) -> tuple[Figures, Lag]:
    figures, lag = Figures(), Lag()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(lag.watch())
        talks = [group.create_task(talk(url, seed, figures, rounds)) for seed in range(SESSIONS)]
        await asyncio.wait(talks)
        watch.cancel()
    return figures, lag


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), "fake", ENVIRONMENT) as running:
        figures, lag = asyncio.run(measure(f"{running.ws}/v1/conversation"))
    decision, voice, hold = figures.decision_ms, figures.voice_ms, figures.hold_ms
    rows = [
        ("interruptions at random moments", len(decision)),
        ("speech told to the last reply byte, p50 ms", round(percentile(decision, 0.5), 1)),
        ("speech told to the last reply byte, p99 ms", round(percentile(decision, 0.99), 1)),
        ("first voiced sample to silence, p50 ms", round(percentile(voice, 0.5), 1)),
        ("first voiced sample to silence, p95 ms", round(percentile(voice, 0.95), 1)),
        ("first voiced sample to the client's being told to hold, p50 ms", round(percentile(hold, 0.5), 1)),
        ("first voiced sample to the client's being told to hold, p95 ms", round(percentile(hold, 0.95), 1)),
        ("bytes of a dead turn after its flush", figures.stale_bytes),
    ]
    result = {
        "interruptions": len(decision),
        "decision_to_silence_p99_ms": round(percentile(decision, 0.99), 2),
        "voice_to_silence_p95_ms": round(percentile(voice, 0.95), 2),
        "voice_to_hold_p95_ms": round(percentile(hold, 0.95), 2),
        "stale_bytes": figures.stale_bytes,
    }
    show("Barge-in, measured at the client's socket", rows, result, lag)


if __name__ == "__main__":
    main()
