"""Hibari out of its wheel: a natural American voice, some milliseconds after a clause is known; no GPU.

It speaks English. What it cannot say, other languages and scripts and espeak's own voices, espeak says. Its
clauses are spoken on a few threads of the engine's own; the event loop only passes their samples on.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from chassis.faults import Fault, InternalFault, NoSlot, NotReady, Unsupported
from chassis.languages import is_known
from chassis.logs import get_logger
from chassis.threads import run_beside
from engine_room.engines import EngineInfo
from engine_room.wheels import WHEELS, fetch
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, TtsEngine, Voice, check_ranges
from tts_service.engines.hibari_reply import HibariReply
from tts_service.engines.hibari_words import Line, lay_out, parts
from tts_service.text.scripts import language_of_script

if TYPE_CHECKING:
    from tts_service.engines.hibari_model import HibariModel

log = get_logger(__name__)
T = TypeVar("T")
LANGUAGE = "en"
VOICES = ("default", "heart")
"""One voice by two names."""
THREADS = 2
"""Each speaks a hundred times faster than people listen; more would only need more memory."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: "HibariModel"
    threads: ThreadPoolExecutor

    async def run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)


class HibariEngine:
    """`other` speaks what this engine does not. `folder`: where wheels' files are; "": the user's own.

    `running` counts open replies, the other engine's too.
    """

    gathers: Literal["word", "clause"] = "clause"

    def __init__(self, other: TtsEngine, slots: int = 16, folder: str = "") -> None:
        self._other, self._slots, self._folder = other, slots, folder
        self._loaded: _Loaded | None = None
        self.running = 0
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        other = self._other.info
        return EngineInfo(
            name="hibari",
            model=str(WHEELS["hibari"]),
            slots=self._slots,
            languages=tuple(dict.fromkeys((LANGUAGE, *other.languages))),
            voices=tuple(dict.fromkeys((*VOICES, *other.voices))),
            sample_rate=SPOKEN_RATE,
        )

    async def load(self) -> None:
        """Raises NotReady or TooSlow with the reason in one line."""
        await self.unload()
        self.progress = WHEELS["hibari"].coming
        folder = await fetch(WHEELS["hibari"], self._folder)
        self.progress = "reading the weights"
        model = await run_beside(lambda: _read(folder), lambda made: made.unload(), "hibari-load")
        self._loaded = _Loaded(model, ThreadPoolExecutor(THREADS, thread_name_prefix="hibari"))
        try:
            await self._other.load()
            self.progress = "warming up"
            async for _ in self.speak(_only("Ready."), Voice()):
                pass
        except BaseException:
            await self.unload()
            raise

    async def unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        await self._other.unload()
        if loaded is not None:
            await asyncio.to_thread(_end, loaded)

    def check(self, voice: Voice) -> None:
        self._ready()
        if _is_own(voice):
            check_ranges(voice)
            return
        try:
            self._other.check(_for_other(voice))
        except Unsupported as fault:
            raise Unsupported(
                f"hibari speaks English, as {' or '.join(VOICES)}; for the rest, {fault}"
            ) from fault

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        self.check(voice)
        loaded = self._ready()
        if self.running >= self._slots:
            raise NoSlot(f"all {self._slots} voices are speaking; try again soon")
        self.running += 1
        try:
            if not _is_own(voice):
                async with aclosing(self._other.speak(pieces, _for_other(voice))) as spoken:
                    async for speech in spoken:
                        yield speech
                return
            reply = HibariReply(voice.volume)
            async for clause in pieces:
                async with aclosing(self._speak_clause(loaded, reply, clause, voice)) as spoken:
                    async for speech in spoken:
                        yield speech
        finally:
            self.running -= 1

    async def _speak_clause(
        self, loaded: _Loaded, reply: HibariReply, clause: str, voice: Voice
    ) -> AsyncGenerator[Speech, None]:
        """A clause, a line at a time: closed, it makes at most the one that is under way."""
        language = language_of_script(clause)
        for words in parts(clause):
            lines = [] if language else await self._lay_out(loaded, words, voice.speed)
            for line in lines:
                for speech in await self._speak_line(loaded, reply, line, voice.speed):
                    yield speech
            if not lines:
                begin = reply.made
                other = replace(voice, name="", language=language or LANGUAGE)
                async with aclosing(self._other.speak(_only(" ".join(words)), other)) as spoken:
                    async for speech in spoken:
                        yield reply.pass_on(speech, begin)

    async def _lay_out(self, loaded: _Loaded, words: list[str], speed: float) -> list[Line]:
        """The lines to speak; none where the model can say nothing of these words."""
        model = loaded.model
        try:
            lines = await loaded.run(lambda: lay_out(words, model.read, model.phonemes, speed))
        except Exception as error:
            # Its reading is rules upon rules, and what people write is endless.
            log.warning("a clause could not be read; the other voice reads it", error=type(error).__name__)
            return []
        return [line for line in lines if line.is_spoken]

    async def _speak_line(
        self, loaded: _Loaded, reply: HibariReply, line: Line, speed: float
    ) -> list[Speech]:
        def run() -> list[Speech]:
            return reply.add(line, *loaded.model.speak(line.phonemes, speed))

        try:
            return await loaded.run(run)
        except Fault:
            raise
        except Exception as error:
            log.error("speaking failed", error=type(error).__name__)
            raise InternalFault(f"hibari failed: {type(error).__name__}; this reply is lost") from error

    def _ready(self) -> _Loaded:
        if self._loaded is None:
            raise NotReady("hibari is not loaded")
        return self._loaded


def _is_own(voice: Voice) -> bool:
    return (voice.name.lower() or "default") in VOICES and is_known(voice.language, (LANGUAGE,))


def _for_other(voice: Voice) -> Voice:
    """A voice of this engine's in another language is the other engine's own of that language."""
    return replace(voice, name="") if voice.name.lower() in VOICES else voice


def _read(folder: Path) -> "HibariModel":
    try:
        from tts_service.engines.hibari_model import HibariModel
    except ImportError as missing:
        raise NotReady(
            f"hibari needs {missing.name}, which is not installed: pip install -e '.[hibari]'"
        ) from missing
    return HibariModel(folder)


def _end(loaded: _Loaded) -> None:
    """Blocks until lines under way are made."""
    loaded.threads.shutdown()
    loaded.model.unload()


async def _only(text: str) -> AsyncIterator[str]:
    yield text
