"""An engine that hears whole utterances, with a scripted model."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from protos.sound import HEARD_RATE
from stt_service.engine import ListenOptions
from stt_service.engines.utterance import Segment
from stt_service.engines.whisper import WhisperEngine
from stt_service.engines.whisper_options import WhisperOptions
from tests.support import leaks

if TYPE_CHECKING:
    from stt_service.engines.whisper_model import WhisperWeights

T = TypeVar("T")
ENGLISH = ListenOptions("en")
SECOND = bytes(2 * HEARD_RATE)
WAIT_S = 5.0


class Scripted:
    """Says how many seconds it heard; `closed` it answers nobody until it is opened."""

    device = "cpu"
    languages = ("en",)

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.gate = threading.Event()
        self.gate.set()
        self.heard_s: list[float] = []
        self.cancelled: list[bool] = []
        self.drafts: list[str] = []
        self.failure: Exception | None = None
        self.unloaded = False

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,  # noqa: ARG002
        cancelled: threading.Event,
        with_words: bool,  # noqa: ARG002
        draft: Sequence[Segment],
    ) -> list[Segment]:
        self.heard_s.append(len(pcm) / len(SECOND))
        self.drafts.append(" ".join(segment.text for segment in draft))
        assert self.gate.wait(WAIT_S)
        self.cancelled.append(cancelled.is_set())
        if self.failure is not None:
            raise self.failure
        return [Segment(f"{len(pcm) / len(SECOND):g} seconds", len(pcm) // 2)]

    def unload(self) -> None:
        self.unloaded = True


def use(
    work: Callable[[WhisperEngine, Scripted], Awaitable[T]], slots: int = 2, workers: int = 2
) -> tuple[T, Scripted]:
    weights = Scripted(workers)

    async def loaded() -> T:
        engine = WhisperEngine(WhisperOptions("scripted", slots))
        engine._read = lambda: cast("WhisperWeights", weights)  # type: ignore[method-assign]
        await engine.load()
        weights.heard_s.clear()
        weights.cancelled.clear()
        weights.drafts.clear()
        try:
            return await work(engine, weights)
        finally:
            weights.gate.set()
            await engine.unload()

    return leaks.run(loaded()), weights


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not condition():
            await asyncio.sleep(0.001)
