"""Kyutai's Pocket TTS: a natural voice on a few cores of a CPU, a clause at a time, streamed as it is made.

Each clause under way has a thread of its own; the event loop only passes its samples on.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chassis.deadlines import within
from chassis.faults import Fault, InternalFault, NoSlot, NotReady, Unsupported
from chassis.languages import is_known
from chassis.logs import get_logger
from chassis.threads import run_beside
from engine_room.engines import EngineInfo
from engine_room.hub_reach import settle_hub
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice, check_ranges
from tts_service.engines.pocket_reply import ClauseSpeech, Pace, is_spoken

if TYPE_CHECKING:
    from tts_service.engines.pocket_model import PocketModel

log = get_logger(__name__)
ENGLISH = "english"
DEFAULT_VOICE = "default"
VOICE_S, PIECE_S = 30.0, 20.0

Audio = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "PocketModel"
    threads: ThreadPoolExecutor


class PocketEngine:
    """`model`: a language's name, or a .yaml file in the library's form. `running` counts open replies."""

    gathers: Literal["word", "clause"] = "clause"

    def __init__(self, model: str = ENGLISH, slots: int = 4, cache: str = "") -> None:
        self._name, self._slots, self._cache = model, slots, cache
        self._loaded: _Loaded | None = None
        self._paces: defaultdict[str, Pace] = defaultdict(Pace)
        self.running = 0
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        model = self._loaded.model if self._loaded else None
        return EngineInfo(
            name="pocket",
            model=self._name,
            slots=self._slots,
            languages=(model.language,) if model else ("any",),
            voices=model.voices if model else (DEFAULT_VOICE,),
            sample_rate=SPOKEN_RATE,
        )

    async def load(self) -> None:
        """Raises NotReady or Unavailable with the reason in one line."""
        await self.unload()
        await settle_hub(self._name)
        self.progress = "reading the weights"
        model = await run_beside(self._read, lambda made: made.unload(), "pocket-load")
        # A slot is free as soon as its reply is closed, a moment before its thread is.
        threads = ThreadPoolExecutor(2 * self._slots, thread_name_prefix="pocket")
        self._loaded = _Loaded(model, threads)
        self.progress = "warming up"
        try:
            async for _ in self.speak(_only("Ready."), Voice()):
                pass
        except BaseException:
            await self.unload()
            raise

    def _read(self) -> "PocketModel":
        try:
            from tts_service.engines.pocket_model import PocketModel
        except ImportError as missing:
            raise NotReady(
                f"pocket needs {missing.name}, which is not installed: pip install -e '.[pocket]'"
            ) from missing
        return PocketModel(self._name, self._cache)

    async def unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            await asyncio.to_thread(_end, loaded)

    def check(self, voice: Voice) -> None:
        model = self._ready().model
        if (voice.name or DEFAULT_VOICE) not in model.voices:
            raise Unsupported(f"pocket has no voice {voice.name!r}; it has {', '.join(model.voices)}")
        if not is_known(voice.language, (model.language,)):
            raise Unsupported(
                f"pocket with {self._name} speaks {model.language}, not {voice.language!r}; "
                "TTS_MODEL_NAME chooses another"
            )
        check_ranges(voice)

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        self.check(voice)
        loaded, name = self._ready(), voice.name or DEFAULT_VOICE
        if self.running >= self._slots:
            raise NoSlot(f"all {self._slots} voices are speaking; try again soon")
        stop = threading.Event()
        self.running += 1
        try:
            loop = asyncio.get_running_loop()
            async with within(VOICE_S, f"loading the voice {name!r}"):
                state = await loop.run_in_executor(loaded.threads, loaded.model.find_voice, name)
            made = 0
            async for clause in pieces:
                if not is_spoken(clause):
                    continue
                speech = ClauseSpeech(clause, made, self._paces[name], voice.speed, voice.volume)
                async with aclosing(_generate(loaded, clause, state, stop)) as chunks:
                    async for chunk in chunks:
                        for piece in speech.feed(chunk):
                            yield piece
                for piece in speech.finish():
                    yield piece
                made = speech.end
        finally:
            stop.set()
            self.running -= 1

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            raise NotReady("pocket is not loaded")
        return self._loaded


async def _generate(
    loaded: _Loaded, clause: str, state: Any, stop: threading.Event
) -> AsyncGenerator[Audio, None]:
    """A clause's samples from its thread. Closed early, the thread ends by itself once `stop` is set."""
    loop = asyncio.get_running_loop()
    made: asyncio.Queue[Audio | None] = asyncio.Queue()  # bounded by the length of a clause

    def run() -> None:
        try:
            for chunk in loaded.model.speak(clause, state, stop):
                # Stopped, it is still run to its end: the library has threads of its own to wait for.
                if not stop.is_set():
                    loop.call_soon_threadsafe(made.put_nowait, chunk)
        except Exception:
            if not stop.is_set():
                raise

    def end(done: "asyncio.Future[None]") -> None:
        made.put_nowait(None)
        if not done.cancelled():
            done.exception()  # seen, also when nobody waits any more

    running = loop.run_in_executor(loaded.threads, run)
    running.add_done_callback(end)
    try:
        while True:
            async with within(PIECE_S, "speaking"):
                chunk = await made.get()
            if chunk is None:
                break
            yield chunk
        await running
    except Fault:
        raise
    except Exception as error:
        log.error("speaking failed", error=type(error).__name__)
        raise InternalFault(f"pocket failed: {type(error).__name__}; this reply is lost") from error


def _end(loaded: _Loaded) -> None:
    """Blocks until replies that were closed have ended."""
    loaded.threads.shutdown()
    loaded.model.unload()


async def _only(text: str) -> AsyncIterator[str]:
    yield text
