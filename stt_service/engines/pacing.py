"""How often an utterance under way is heard anew, so that it costs a bounded share of a core. Pure."""

from dataclasses import dataclass

from protos.sound import HEARD_RATE
from stt_service.engines.utterance import USUAL, Settling

_IN_A_LULL = 0.5
"""Of the usual wait: what may be the final is worth more than a partial."""


@dataclass(frozen=True, slots=True)
class Pacing:
    """A partial after so many samples of speech (0: none), fewer where they would take more than `most_share`
    of a core; and when the beginning of an utterance is settled, which a partial does.
    """

    partial_samples: int
    most_share: float = 1.0
    settling: Settling = USUAL

    def is_partial_due(self, new_samples: int, took_s: float) -> bool:
        """So much audio after the transcription before, which took so long."""
        return new_samples >= max(self.partial_samples, self._pays_for(took_s))

    def is_whole_due(self, new_samples: int, took_s: float) -> bool:
        """Likewise for what may be the final."""
        return new_samples >= self._pays_for(took_s) * _IN_A_LULL

    def _pays_for(self, took_s: float) -> int:
        """Samples of audio."""
        return round(took_s / self.most_share * HEARD_RATE)
