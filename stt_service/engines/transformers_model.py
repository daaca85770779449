"""Kyutai's model in transformers' own code: loading it, one transcription. Everything here blocks."""

import gc
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
import soxr
import torch
from transformers import (
    KyutaiSpeechToTextForConditionalGeneration,
    KyutaiSpeechToTextProcessor,
    StoppingCriteria,
    StoppingCriteriaList,
)

from chassis.faults import NotReady
from engine_room.load_failures import why_not_loaded
from engine_room.torch_device import take_device
from protos.sound import HEARD_RATE
from stt_service.engines.transformers_options import TransformersOptions
from stt_service.engines.utterance import Segment

MODEL_RATE = 24_000
LANGUAGES = {"kyutai/stt-2.6b-en-trfs": ("en",), "kyutai/stt-1b-en_fr-trfs": ("en", "fr")}


class KyutaiWeights:
    """A loaded model; one transcription at a time, and one that waits."""

    workers = 2

    def __init__(self, options: TransformersOptions, share: float | None) -> None:
        """Downloads what is not here yet. Raises NotReady with the reason in one line."""
        self.device = str(take_device(options.device, share))
        self.languages = LANGUAGES.get(options.model, ("en",))
        where: dict[str, Any] = {"cache_dir": options.cache or None}
        attention = {"attn_implementation": options.attention} if options.attention else {}
        try:
            self._processor = KyutaiSpeechToTextProcessor.from_pretrained(options.model, **where)
            model = KyutaiSpeechToTextForConditionalGeneration.from_pretrained(
                options.model, dtype=options.dtype, **attention, **where
            ).to(self.device)
        except Exception as error:
            raise NotReady(f"transformers cannot load {options.model!r}: {why_not_loaded(error)}") from error
        self._model = model.eval()
        self._turn = threading.Lock()

    def transcribe(
        self,
        pcm: bytes,
        language: str | None,  # noqa: ARG002  # a checkpoint hears its languages without being told
        cancelled: threading.Event,
        with_words: bool,  # noqa: ARG002  # this code tells no times
        draft: Sequence[Segment],  # noqa: ARG002  # it has no use for one
    ) -> list[Segment]:
        """What 16-bit samples at 16 kHz say. Cancelled: it matters to nobody."""
        samples = np.frombuffer(pcm, dtype="<i2").astype(np.float32) / 32768
        if not samples.size or cancelled.is_set():
            return []
        audio = soxr.resample(samples, HEARD_RATE, MODEL_RATE)
        inputs = self._processor(audio=audio, sampling_rate=MODEL_RATE, return_tensors="pt")
        with self._turn, torch.inference_mode():
            tokens = self._model.generate(
                **inputs.to(self.device),
                do_sample=False,
                stopping_criteria=StoppingCriteriaList([_Cancelled(cancelled)]),
            )
        text = self._processor.batch_decode(tokens, skip_special_tokens=True)[0]
        return [Segment(" ".join(text.split()), samples.size)]

    def unload(self) -> None:
        """Give the memory back; nobody may be transcribing."""
        del self._model
        gc.collect()
        if torch.cuda.is_initialized():
            torch.cuda.empty_cache()


class _Cancelled(StoppingCriteria):  # type: ignore[misc]  # the library is untyped
    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002
        return torch.full((input_ids.shape[0],), self._cancelled.is_set(), device=input_ids.device)
