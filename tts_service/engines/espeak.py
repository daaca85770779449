"""espeak-ng out of its wheel: a machine's voice, but in a hundred languages, at once, and without a download.

One thread owns the library and does all work over a millisecond; the event loop must never call it.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Literal

from chassis.faults import NoSlot, NotReady, Unsupported
from chassis.languages import UNSAID
from engine_room.engines import EngineInfo
from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech, Voice, check_ranges
from tts_service.engines.espeak_library import EspeakLibrary, Utterance
from tts_service.engines.espeak_reply import EspeakReply

DEFAULT_NAMES = ("", "default")
LISTED_VARIANTS = ("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8")
OTHER_CODES = {"zh": "cmn", "no": "nb"}
"""Codes that clients use, for those that the library uses."""


class EspeakEngine:
    """`voice` is the default: a language, or a language with a variant such as "en-us+f3"."""

    gathers: Literal["word", "clause"] = "clause"

    def __init__(self, slots: int = 16, voice: str = "en-us") -> None:
        self._slots = slots
        self._default = voice
        self._thread: ThreadPoolExecutor | None = None
        self._library: EspeakLibrary | None = None
        self._variants: tuple[str, ...] = ()
        self.running = 0

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="espeak",
            model="espeak-ng",
            slots=self._slots,
            languages=tuple(sorted({*self._library.voices, *OTHER_CODES})) if self._library else ("en",),
            voices=self._voice_names(),
            sample_rate=SPOKEN_RATE,
        )

    async def load(self) -> None:
        if self._library is not None:
            return
        if find_spec("espeakng_loader") is None:
            raise NotReady("espeak-ng is not installed: pip install -e '.[espeak]'")
        thread = ThreadPoolExecutor(1, thread_name_prefix="espeak")
        try:
            library = await asyncio.get_running_loop().run_in_executor(thread, EspeakLibrary)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        self._thread, self._library, self._variants = thread, library, library.variants()
        self.check(Voice())
        async for _ in self.speak(_only("Ready."), Voice()):
            pass

    async def unload(self) -> None:
        library, thread = self._library, self._thread
        self._library = self._thread = None
        if library is not None and thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, library.close)
            thread.shutdown()

    def check(self, voice: Voice) -> None:
        self._identify(voice)
        check_ranges(voice)

    async def speak(self, pieces: AsyncIterator[str], voice: Voice) -> AsyncGenerator[Speech, None]:
        self.check(voice)
        library, thread = self._loaded(), self._thread
        if self.running >= self._slots:
            raise NoSlot(f"all {self._slots} voices are speaking; try again soon")
        reply = EspeakReply(library.sample_rate, voice.volume)
        identifier = self._identify(voice)
        closed = threading.Event()
        self.running += 1
        try:
            loop = asyncio.get_running_loop()
            async for clause in pieces:
                utterance = Utterance(is_aborted=closed.is_set)
                for speech in await loop.run_in_executor(
                    thread, _synthesise, library, reply, clause, identifier, voice.speed, utterance
                ):
                    yield speech
            for speech in reply.finish():
                yield speech
        finally:
            closed.set()
            self.running -= 1

    def _loaded(self) -> EspeakLibrary:
        if self._library is None:
            raise NotReady("espeak-ng is not loaded")
        return self._library

    def _voice_names(self) -> tuple[str, ...]:
        """What to offer: every English, and the American and the British with each variant."""
        if self._library is None:
            return ("default",)
        english = [code for code in sorted(self._library.voices) if code.startswith("en-")]
        varied = [f"{code}+{variant}" for code in ("en-us", "en-gb") for variant in LISTED_VARIANTS]
        return ("default", *english, *varied)

    def _identify(self, voice: Voice) -> str:
        """The library's name for a voice. Raises Unsupported, naming what exists."""
        name = self._default if voice.name.lower() in DEFAULT_NAMES else voice.name
        code, plus, variant = name.partition("+")
        code = self._code(code, f"voice {voice.name!r}")
        if voice.language.lower() not in UNSAID:
            wanted = self._code(voice.language, f"language {voice.language!r}")
            # A voice of another language would be unintelligible; one of the same is what was asked for.
            if wanted.split("-")[0] != code.split("-")[0]:
                code = wanted
        if variant not in (self._variants if plus else ("",)):
            raise Unsupported(
                f"espeak has no variant {variant!r}; it has {', '.join(LISTED_VARIANTS)} and others"
            )
        return f"{self._loaded().voices[code]}{plus}{variant}"

    def _code(self, wanted: str, asked_for: str) -> str:
        """The library's code for a language as clients write it: "en", "en_GB", "fr", "de-AT"."""
        codes = self._loaded().voices
        code = wanted.lower().replace("_", "-")
        primary = code.split("-")[0]
        default = self._default.partition("+")[0]
        if code == default.split("-")[0]:
            return default
        for candidate in (code, OTHER_CODES.get(primary, primary)):
            if candidate in codes:
                return candidate
        for candidate in sorted(codes):
            if candidate.startswith(f"{primary}-"):
                return candidate
        names = ", ".join(self._voice_names())
        raise Unsupported(
            f"espeak has no {asked_for}; voices: {names}; languages: {', '.join(sorted(codes))}"
        )


def _synthesise(
    library: EspeakLibrary,
    reply: EspeakReply,
    clause: str,
    identifier: str,
    speed: float,
    utterance: Utterance,
) -> list[Speech]:
    """On the library's thread: some milliseconds for a clause."""
    library.speak(clause.replace("\0", " "), identifier, speed, utterance)
    return reply.add(clause, bytes(utterance.samples), utterance.words)


async def _only(text: str) -> AsyncIterator[str]:
    yield text
