"""Moonshine tiny: English on any CPU, from the weights inside its maker's Python wheel. No account, no GPU.

A whole utterance of 7 s costs 0.1 s of one core; longer ones are taken in pieces, at pauses, while they last.
"""

from pathlib import Path

from chassis.faults import NotReady
from engine_room.gpu_slice import Amount, Grant
from engine_room.wheels import WHEELS, fetch
from protos.sound import HEARD_RATE
from stt_service.engines.by_utterance import UtteranceEngine, Weights
from stt_service.engines.pauses import WHOLE
from stt_service.engines.utterance import Settling


class MoonshineEngine(UtteranceEngine):
    """`weights_dir`: where its weights are, fetched when they are not; "": the user's cache."""

    name = "moonshine"
    slice = Amount(bytes=0)
    other_languages = "the profile cpu hears others (make run PROFILE=cpu); typed text goes on working"
    settling = Settling(long_samples=WHOLE, open_samples=HEARD_RATE // 4)
    """It cuts in pauses: what was said before one is final."""
    most_share = 0.12

    def __init__(self, slots: int = 16, partial_s: float = 0.5, weights_dir: str = "") -> None:
        super().__init__("moonshine-tiny-en", slots, "cpu", partial_s)
        self._weights_dir = weights_dir
        self._folder = Path()

    def keep_to(self, grant: Grant) -> None:
        """It never goes on a GPU."""

    async def load(self) -> None:
        """Raises NotReady or TooSlow with the reason in one line."""
        self.progress = WHEELS["moonshine"].coming
        self._folder = await fetch(WHEELS["moonshine"], self._weights_dir)
        await super().load()

    def _read(self) -> Weights:
        try:
            from stt_service.engines.moonshine_model import MoonshineWeights
        except ImportError as missing:
            raise NotReady(
                f"moonshine needs {missing.name}, which is not installed: pip install -e '.[moonshine]'"
            ) from missing
        return MoonshineWeights(self._folder, self._slots)
