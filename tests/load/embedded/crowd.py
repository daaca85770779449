"""Eight people who talk to the embedded cluster at once, each answered by the tutor's rules."""

import asyncio
import random
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.load.embedded.sentences import SENTENCES
from tests.load.measure import Lag
from tests.support.client import FRAME_BYTES, FRAME_S, SILENCE, Client, talking_to
from tests.support.cluster import cluster
from tests.support.spoken import speech

PEOPLE, TURNS = 8, 5
VOICED = 300
"""Of 32768, a hundredth: what is quieter is no longer said."""


@dataclass(frozen=True)
class Answered:
    """Seconds from the end of what somebody said to the first sound of the answer; how many had none."""

    waits_s: list[float]
    unanswered: int
    lag: Lag


class Microphone:
    """A frame every 20 ms for as long as it lives: what is being said, else silence."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._pcm = b""
        self._said = asyncio.Event()

    async def run(self) -> None:
        due = time.monotonic()
        while True:
            frame, self._pcm = self._pcm[:FRAME_BYTES], self._pcm[FRAME_BYTES:]
            await self._client.socket.send(frame or SILENCE)
            if frame and not self._pcm:
                self._said.set()
            due += FRAME_S
            await asyncio.sleep(max(0, due - time.monotonic()))

    async def say(self, pcm: bytes) -> float:
        """Return when its last sample has been sent."""
        self._said.clear()
        self._pcm = pcm
        await self._said.wait()
        return time.monotonic()


def said(sentence: str) -> bytes:
    """To its last voiced sample: what follows would be counted as a quick answer."""
    samples = np.frombuffer(speech(sentence), dtype="<i2")
    return samples[: int(np.flatnonzero(np.abs(samples) > VOICED)[-1]) + 1].tobytes()


async def _talk(url: str, seed: int, sentences: Sequence[str]) -> list[float | None]:
    dice = random.Random(seed)
    await asyncio.sleep(dice.uniform(0, 3))
    waits: list[float | None] = []
    async with talking_to(url) as client:
        await client.wait_type("connected")
        microphone = Microphone(client)
        running = asyncio.create_task(microphone.run())
        try:
            for turn in range(TURNS):
                mark = len(client.messages)
                ended = await microphone.say(said(sentences[(seed * 3 + turn) % len(sentences)]))
                try:
                    first = await client.wait_audio(10, after=mark)
                    waits.append(first.at - ended)
                    await client.wait(lambda m: m["type"] == "turn_complete", 30, after=mark)
                except TimeoutError:
                    waits.append(None)
                await asyncio.sleep(dice.uniform(0.2, 1.0))
        finally:
            running.cancel()
    return waits


async def _measure(url: str, sentences: Sequence[str]) -> Answered:
    lag = Lag()
    async with asyncio.TaskGroup() as group:
        watch = group.create_task(lag.watch())
        talks = [group.create_task(_talk(url, seed, sentences)) for seed in range(PEOPLE)]
        await asyncio.wait(talks)
        watch.cancel()
    waits = [wait for talk in talks for wait in talk.result()]
    return Answered([wait for wait in waits if wait is not None], waits.count(None), lag)


def measure(environment: Mapping[str, str], sentences: Sequence[str] = SENTENCES) -> Answered:
    for sentence in sentences:
        said(sentence)  # before, not while, it is measured
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), "embedded", environment) as running:
        return asyncio.run(_measure(f"{running.ws}/v1/conversation", sentences))
