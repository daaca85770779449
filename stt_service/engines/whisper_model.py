"""Whisper on CTranslate2, by way of faster-whisper: finding a model, loading it, one transcription.

Everything here blocks, for seconds too: it belongs on a thread and never on the event loop.
"""

import logging
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel, available_models

from chassis.faults import NotReady
from chassis.logs import get_logger
from engine_room.freed_memory import give_back_freed
from engine_room.load_failures import why_not_loaded
from protos.sound import HEARD_RATE
from stt_service.engines.utterance import Segment
from stt_service.engines.whisper_cuda import open_cublas
from stt_service.engines.whisper_options import WhisperOptions

log = get_logger(__name__)
WEIGHTS_FILE = "model.bin"
MOST_TOKENS = 440
"""What the model can write of 30 s of audio."""
_FIRST_TOKENS, _TOKENS_PER_S = 32, 12
"""Nobody speaks faster: a model that repeats itself for ever is cut here."""
NOISE_PROBABILITY, CERTAIN = 0.6, -0.25
"""What is likelier than this no speech is dropped, unless it was written with more certainty (mean log
probability of a token). The library's own -1.0 keeps what it makes of noise: "Thank you." at -0.3 to -0.8."""
_CPU_TYPES = {"float32": "float32"}
_GPU_TYPES = {"float32": "float32", "bfloat16": "bfloat16"}
_GPU_WORKERS = 2

# It tells of every transcription as it begins.
logging.getLogger("faster_whisper").setLevel(logging.WARNING)


class _Abandoned(Exception):
    """Nobody waits for this transcription any more."""


class _Model(WhisperModel):  # type: ignore[misc]  # the library is untyped here
    """Listening to a window comes before writing: what is abandoned by then writes nothing, whatever is next
    has the cores to itself.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.threads = threading.local()

    def generate_with_fallback(self, *args: Any, **options: Any) -> Any:
        if self.threads.cancelled.is_set():
            raise _Abandoned
        return super().generate_with_fallback(*args, **options)


class WhisperWeights:
    """A loaded model. Several threads may transcribe at once, `workers` of them truly so."""

    def __init__(self, options: WhisperOptions) -> None:
        """Downloads what is not here yet. Raises NotReady with the reason in one line."""
        name = find_name(options.model)
        wanted, _, index = options.device.partition(":")
        self.device = choose_device(wanted)
        self.workers, threads = share_cores(self.device, options.slots, os.cpu_count() or 1)
        try:
            self._model = _Model(
                name,
                device=self.device,
                device_index=int(index or 0),
                compute_type=choose_type(self.device, options.dtype),
                cpu_threads=threads,
                num_workers=self.workers,
                download_root=options.cache or None,
            )
        except Exception as error:
            raise NotReady(f"whisper cannot load {options.model!r}: {why_not_loaded(error)}") from error
        self.languages: tuple[str, ...] = tuple(self._model.supported_languages)

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,
        cancelled: threading.Event,
        with_words: bool,
        draft: Sequence[Segment],  # noqa: ARG002  # it has no use for one
    ) -> list[Segment]:
        """What 16-bit samples at 16 kHz say; None: find the language out. Cancelled: it matters to nobody.

        Words have times on a GPU alone: on a CPU they would double the time that a final takes (a model as
        large as base, two cores: from 0.7 to 1.4 s).
        """
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
        if not samples.size or cancelled.is_set():
            return []
        seconds = samples.size / HEARD_RATE
        self._model.threads.cancelled = cancelled
        found, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=1 if self.device == "cpu" else 5,
            # Nothing is drawn: one try, and the same words for the same sound.
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=with_words and self.device != "cpu",
            no_speech_threshold=NOISE_PROBABILITY,
            log_prob_threshold=CERTAIN,
            max_new_tokens=min(MOST_TOKENS, _FIRST_TOKENS + round(_TOKENS_PER_S * seconds)),
            vad_filter=False,
        )
        try:
            heard = [_read(segment, samples.size) for segment in found]
        except _Abandoned:
            return []
        return [] if cancelled.is_set() else heard

    def unload(self) -> None:
        """Give the memory back; nobody may be transcribing."""
        self._model.model.unload_model()
        del self._model
        give_back_freed()


def _read(segment: Any, samples: int) -> Segment:
    """The library's segment in ours, within the audio: the model may write any time."""

    def at(seconds: float) -> int:
        return min(max(round(seconds * HEARD_RATE), 0), samples)

    words = tuple((word.word.strip(), at(word.start)) for word in segment.words or ())
    return Segment(segment.text.strip(), at(segment.end), words)


def find_name(name: str) -> str:
    """A folder, or what faster-whisper calls the model that the operator means. Raises NotReady.

    OpenAI's own names mean their conversions; any other name with an owner is a conversion on the hub.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        if not (folder / WEIGHTS_FILE).is_file():
            raise NotReady(
                f"the folder {name!r} has no {WEIGHTS_FILE}, so it is no CTranslate2 model; make one of a "
                "transformers model: ct2-transformers-converter --model FOLDER --output_dir OTHER "
                "--copy_files tokenizer.json preprocessor_config.json"
            )
        return str(folder)
    owner, _, bare = name.rpartition("/")
    short = bare.removeprefix("whisper-") if owner in ("", "openai") else bare
    if owner == "openai" and short == "large":
        short = "large-v1"
    if owner in ("", "openai", "distil-whisper") and short in available_models():
        return short
    if owner and owner != "openai":
        return name
    raise NotReady(
        f"whisper has no model {name!r}; ASR_WHISPER_FALLBACK_MODEL may be a folder, owner/name of a "
        f"CTranslate2 model, or one of {', '.join(available_models())}"
    )


def choose_device(wanted: str) -> str:
    """A GPU where there is one and its libraries, else the CPU, and the log says why. Raises NotReady."""
    if wanted == "cpu" or not (wanted or ctranslate2.get_cuda_device_count()):
        return "cpu"
    if not (reason := open_cublas()):
        return "cuda"
    if wanted:
        raise NotReady(f"{reason}; or set ASR_DEVICE=cpu")
    log.warning("whisper is on the CPU", reason=reason)
    return "cpu"


def choose_type(device: str, dtype: str) -> str:
    """int8 on a CPU, which has no fast half floats, and float16 on a GPU, unless others are asked for."""
    if device == "cpu":
        return _CPU_TYPES.get(dtype, "int8")
    return _GPU_TYPES.get(dtype, "float16")


def share_cores(device: str, slots: int, cores: int) -> tuple[int, int]:
    """How many transcriptions run at once, and on how many cores each. One is kept for finals alone."""
    if device != "cpu":
        return _GPU_WORKERS, 1
    workers = min(slots + 1, max(2, cores // 4))
    return workers, max(1, cores // (workers - 1))
