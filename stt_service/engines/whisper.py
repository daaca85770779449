"""Whisper, by way of faster-whisper: many languages, on a CPU or a GPU, an utterance at a time.

It is the recogniser of machines without a GPU, and stands in for Kyutai's.
"""

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Amount, Grant
from engine_room.hub_reach import settle_hub
from stt_service.engines.by_utterance import UtteranceEngine, Weights
from stt_service.engines.whisper_options import WhisperOptions


class WhisperEngine(UtteranceEngine):
    """`partial_s`: a partial at most so often, in seconds of speech; 0: none."""

    name = "whisper"
    slice = Amount(bytes=6 * GB)
    """For the largest model in half floats: 3.1 GB of weights, and two transcriptions at once."""
    most_share = 0.7
    """A partial costs as much as a final: on few cores one a second, on a GPU as often as asked."""

    def __init__(self, options: WhisperOptions, partial_s: float = 1.0) -> None:
        super().__init__(options.model, options.slots, options.device, partial_s)
        self._options = options

    async def load(self) -> None:
        """Raises NotReady with the reason in one line."""
        await settle_hub(self._model)
        await super().load()

    def keep_to(self, grant: Grant) -> None:
        """CTranslate2 can be given no bound; with the largest model it holds less than it asks for here."""

    def _read(self) -> Weights:
        try:
            from stt_service.engines.whisper_model import WhisperWeights
        except ImportError as missing:
            raise NotReady(
                f"whisper needs {missing.name}, which is not installed: pip install -e '.[whisper]'"
            ) from missing
        return WhisperWeights(self._options)
