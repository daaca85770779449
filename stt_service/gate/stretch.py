"""A stretch of voice in a lane's audio, with the short gaps in it: what an utterance is made of."""

from dataclasses import dataclass
from math import sqrt

from protos.sound import HEARD_RATE
from stt_service.gate.outputs import Stopped, StopReason


@dataclass(slots=True)
class Stretch:
    """Voiced windows from `first_sample` on: a run that may become an utterance, or an utterance."""

    first_sample: int
    energy: float = 0.0
    voiced_windows: int = 0
    forgiven: bool = False
    last_voiced_sample: int = 0
    energy_until_last_voiced: float = 0.0
    silence_samples: int = 0
    borne_samples: int = 0
    lull: bool = False
    noticed: bool = False
    """Somebody was told of it while it was a mere run."""

    def add_voiced(self, end_sample: int, window_energy: float) -> None:
        self.energy += window_energy
        self.voiced_windows += 1
        self.last_voiced_sample = end_sample
        self.energy_until_last_voiced = self.energy
        self.silence_samples = self.borne_samples = 0

    def stopped(self, utterance: int, reason: StopReason) -> Stopped:
        samples = self.last_voiced_sample - self.first_sample
        return Stopped(
            utterance,
            self.last_voiced_sample,
            reason,
            duration_ms=samples * 1000 / HEARD_RATE,
            rms=sqrt(self.energy_until_last_voiced / samples),
        )
