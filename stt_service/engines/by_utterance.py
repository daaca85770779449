"""What models share that transcribe whole recordings, not streams: an utterance at a time.

A partial is the utterance so far, transcribed anew. Nothing here may transcribe on the event loop, and a
partial never makes anybody's final wait.
"""

import asyncio
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from chassis.deadlines import within
from chassis.faults import Fault, InternalFault, NoSlot, NotReady, Unsupported
from chassis.languages import UNSAID, primary
from chassis.logs import get_logger
from chassis.threads import run_beside
from engine_room.engines import EngineInfo
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from protos.sound import HEARD_RATE
from stt_service.engine import HeardWord, Hypothesis, ListenOptions, SttOutput, SttStream
from stt_service.engines.pacing import Pacing
from stt_service.engines.transcribing import Desk, Job
from stt_service.engines.utterance import USUAL, Segment, Settling, Utterance

log = get_logger(__name__)
FINAL_S = 20.0


class Weights(Protocol):
    """A loaded model. Everything it does blocks. Several threads may transcribe, `workers` truly at once."""

    device: str
    languages: tuple[str, ...]
    workers: int

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,
        cancelled: threading.Event,
        with_words: bool,
        draft: Sequence[Segment],
    ) -> list[Segment]:
        """What 16-bit samples at 16 kHz say; None: find the language out. Cancelled: it matters to nobody.

        `draft`: what less of the same audio was taken to say; who gains nothing by it need not look.
        """
        ...

    def unload(self) -> None:
        """Give the memory back; nobody may be transcribing."""
        ...


@dataclass(frozen=True, slots=True)
class Loaded:
    weights: Weights
    desk: Desk

    def transcribe(self, utterance: Utterance, language: str | None, with_words: bool) -> Job:
        """Have the open audio of an utterance transcribed, as it is now."""
        pcm, draft = utterance.open_audio(), utterance.draft
        return self.desk.begin(
            lambda cancelled: self.weights.transcribe(pcm, language, cancelled, with_words, draft)
        )


class UtteranceStream:
    """One lane's utterances. One transcription at most is wanted at a time; others may still end."""

    def __init__(
        self,
        loaded: Loaded,
        language: str | None,
        pacing: Pacing,
        give_back: Callable[["UtteranceStream"], None],
    ) -> None:
        self._loaded: Loaded | None = loaded
        self._language, self._pacing, self._give_back = language, pacing, give_back
        self._job: Job | None = None
        self._is_lull = False
        self._whole: Job | None = None
        """Begun in this lull: it hears all that was said, and is the final unless the speaker goes on."""
        self._shown_samples = self._heard_samples = 0
        self._took_s = 0.0
        self._begin()

    async def feed(self, pcm: bytes) -> list[SttOutput]:
        loaded = self._check()
        self._utterance.add(pcm)
        outputs = self._take_partial()
        if self._is_lull:
            self._hear_whole(loaded)
            return outputs
        new_samples = self._utterance.samples - self._shown_samples
        is_wanted = self._pacing.partial_samples or self._utterance.is_long
        is_due = self._pacing.is_partial_due(new_samples, self._took_s)
        if is_wanted and is_due and self._job is None and loaded.desk.is_free:
            self._shown_samples = self._utterance.samples
            self._heard_samples = self._utterance.open_samples
            # What is settled by it never comes again, so its words must have their times.
            self._job = loaded.transcribe(self._utterance, self._language, self._utterance.is_long)
        return outputs

    async def lull(self, begins: bool) -> None:
        whole, self._whole, self._is_lull = self._whole, None, begins
        if begins:
            self._hear_whole(self._check())
        elif whole is not None and whole is not self._job:  # it was told, and is no final
            self._utterance.take(whole.answer.result(), self._heard_samples)

    async def finish(self) -> Hypothesis:
        loaded = self._check()
        utterance, whole = self._utterance, self._whole
        if self._job is whole:
            self._job = None
        self._begin()  # whatever comes of it, the next audio is a new utterance's
        if not utterance.samples:
            return Hypothesis("")
        job = whole or loaded.transcribe(utterance, self._language, with_words=True)
        try:
            async with within(FINAL_S, "understanding what was said"):
                heard = await job.answer
        except (Fault, asyncio.CancelledError):
            raise
        except Exception as error:
            raise _failed(error) from error
        finally:
            job.abandon()
        words = tuple(HeardWord(text, sample) for text, sample in utterance.words(heard))
        return Hypothesis(utterance.text(heard), words, confidence=utterance.confidence(heard))

    async def reset(self) -> None:
        self._begin()

    async def close(self) -> None:
        self._begin()
        if self._loaded is not None:
            self._loaded = None
            self._give_back(self)

    def _check(self) -> Loaded:
        if self._loaded is None:
            raise NotReady("this stream is closed; open another")
        return self._loaded

    def _hear_whole(self, loaded: Loaded) -> None:
        """In a lull, once, as soon as it is due and a thread is free."""
        new_samples = self._utterance.samples - self._shown_samples
        is_due = self._pacing.is_whole_due(new_samples, self._took_s)
        if self._whole is not None or not is_due or not loaded.desk.is_free:
            return
        self._drop_job()
        self._shown_samples = self._utterance.samples
        self._heard_samples = self._utterance.open_samples
        self._job = self._whole = loaded.transcribe(self._utterance, self._language, with_words=True)

    def _take_partial(self) -> list[SttOutput]:
        """The partial that has become ready since, if any."""
        if self._job is None or not self._job.answer.done():
            return []
        job, self._job = self._job, None
        if (failure := job.answer.exception()) is not None:
            raise _failed(failure) from failure
        heard = job.answer.result()
        text = self._utterance.text(heard)
        if job is not self._whole:
            self._utterance.take(heard, self._heard_samples)
        self._took_s = job.took_s
        is_whole = job is self._whole
        if not text or not (self._pacing.partial_samples or is_whole):
            return []
        return [Hypothesis(text, whole=is_whole)]

    def _drop_job(self) -> None:
        if self._job is not None:
            self._job.abandon()
            self._job = None

    def _begin(self) -> None:
        """A new utterance; what was under way for the one before is no longer waited for."""
        self._drop_job()
        self._is_lull, self._whole = False, None
        self._utterance = Utterance(self._pacing.settling)
        self._shown_samples = self._heard_samples = 0
        self._took_s = 0.0


class UtteranceEngine(ABC):
    """`model` and `device` are for people, until it is loaded.

    `partial_s`: a partial at most so often, in seconds of speech; 0: none.
    """

    name: ClassVar[str]
    slice: ClassVar[Amount]
    """Of a GPU, where it goes on one."""
    settling: ClassVar[Settling] = USUAL
    most_share: ClassVar[float] = 1.0
    """See Pacing."""
    other_languages: ClassVar[str] = "a model whose name does not end in .en knows more"
    """What to do about a language where the model knows one alone."""

    def __init__(self, model: str, slots: int, device: str = "", partial_s: float = 1.0) -> None:
        self._model, self._slots, self._device = model, slots, device
        self._pacing = Pacing(round(partial_s * HEARD_RATE), self.most_share, self.settling)
        self._loaded: Loaded | None = None
        self._streams: set[UtteranceStream] = set()
        self.progress = ""

    @abstractmethod
    def _read(self) -> Weights:
        """Blocks until the model is in memory. Raises NotReady with the reason in one line."""

    @property
    def info(self) -> EngineInfo:
        weights = self._loaded.weights if self._loaded else None
        return EngineInfo(
            name=self.name,
            model=self._model,
            slots=self._slots,
            languages=weights.languages if weights else ("any",),
            sample_rate=HEARD_RATE,
            device=weights.device if weights else self._device,
        )

    @property
    def gpu_need(self) -> GpuNeed | None:
        return None if self._device == "cpu" else GpuNeed(self.slice)

    @abstractmethod
    def keep_to(self, grant: Grant) -> None:
        """See GpuBound."""

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await self.unload()
        self.progress = "reading the weights"
        weights = await run_beside(self._read, lambda made: made.unload(), f"{self.name}-load")
        self._loaded = Loaded(weights, Desk(weights.workers))
        self.progress = "warming up"
        try:
            stream = self.open(ListenOptions(weights.languages[0]))
            await stream.feed(bytes(HEARD_RATE))
            await stream.finish()
            await stream.close()
        except BaseException:
            await self.unload()
            raise

    async def unload(self) -> None:
        loaded, self._loaded = self._loaded, None
        for stream in tuple(self._streams):
            await stream.close()
        if loaded is not None:
            await asyncio.to_thread(_end, loaded)

    def open(self, options: ListenOptions) -> SttStream:
        loaded = self._loaded
        if loaded is None:
            raise NotReady(f"{self.name} is not loaded")
        language = choose_language(options.language, loaded.weights.languages, self.other_languages)
        if len(self._streams) >= self._slots:
            raise NoSlot(f"all {self._slots} places of the recogniser are taken; try again soon")
        stream = UtteranceStream(loaded, language, self._pacing, self._streams.discard)
        self._streams.add(stream)
        return stream


def choose_language(wanted: str, known: tuple[str, ...], others: str) -> str | None:
    """The model's code; None: it finds out. Raises Unsupported, naming what there is, and, where that is one
    language, what to do about others.
    """
    if wanted.lower() in UNSAID:
        return known[0] if len(known) == 1 else None
    if (code := primary(wanted)) in known:
        return code
    hint = f"; {others}" if len(known) == 1 else ""
    raise Unsupported(f"this model understands {', '.join(sorted(known))}, not {wanted!r}{hint}")


def _failed(error: BaseException) -> InternalFault:
    """Its own words stay here: they may hold what was said."""
    log.error("transcription failed", error=type(error).__name__)
    return InternalFault(f"the recogniser failed: {type(error).__name__}; say it again")


def _end(loaded: Loaded) -> None:
    """Blocks until transcriptions under way have ended."""
    loaded.desk.close()
    loaded.weights.unload()
