"""Kyutai's speech to text by way of Hugging Face's transformers: an utterance at a time, without slots.

For whoever cannot have the moshi package; words come when the utterance ends.
"""

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Amount, Grant
from engine_room.hub_reach import settle_hub
from stt_service.engines.by_utterance import UtteranceEngine, Weights
from stt_service.engines.transformers_options import TransformersOptions


class TransformersEngine(UtteranceEngine):
    name = "transformers"
    slice = Amount(bytes=8 * GB)

    def __init__(self, options: TransformersOptions) -> None:
        # No partials: one at a time is transcribed, and a final must not wait for somebody's partial.
        super().__init__(options.model, options.slots, options.device, partial_s=0)
        self._options = options
        self._share: float | None = None

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await settle_hub(self._model)
        await super().load()

    def keep_to(self, grant: Grant) -> None:
        self._share = grant.allocator_share

    def _read(self) -> Weights:
        try:
            from stt_service.engines.transformers_model import KyutaiWeights
        except ImportError as missing:
            raise NotReady(
                f"transformers needs {missing.name}, which is not installed:"
                " pip install -e '.[llm-transformers]' soxr"
            ) from missing
        return KyutaiWeights(self._options, self._share)
