"""What is said to the ear: people's recordings where there are any, and sentences that the voice speaks."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from protos.sound import HEARD_RATE
from tests.support.spoken import RECORDINGS, read_wav, silence, speech

SENTENCES = (
    "My brother works in a small hospital near the river.",
    "Every morning she takes the bus to school with her friends.",
    "I have been learning English for almost two years now.",
    "Could you tell me how to get to the railway station, please?",
    "Last summer we went to the mountains and stayed there for a week.",
    "He does not like coffee, but he drinks three cups of tea a day.",
    "If it rains tomorrow, we will stay at home and watch a film.",
    "The children are playing football behind the old church.",
    "I would like to change my job because the pay is too low.",
    "What did you do at the weekend, and who did you meet?",
)
QUESTIONS = (
    "What is a candle?",
    "What is a harbour?",
    "What is a violin?",
    "What is a passport?",
    "What is a glacier?",
    "What is a receipt?",
)
"""Such as the tutor's rules leave to the mind behind them."""
PHONE_RATE = 8_000
NOISE_DB = 10.0


@dataclass(frozen=True)
class Said:
    """`pcm`: 16-bit at 16 kHz with a little silence around it; `words`: what was said."""

    words: str
    pcm: bytes

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / HEARD_RATE


def recordings() -> list[Said]:
    """People's; none where the folder is not."""
    said = []
    for path in sorted(RECORDINGS.glob("*.wav")):
        pcm, rate = read_wav(path)
        assert rate == HEARD_RATE, path
        said.append(Said(path.with_suffix(".txt").read_text().strip(), pcm))
    return said


def spoken() -> list[Said]:
    return [Said(text, silence(0.3) + speech(text) + silence(0.6)) for text in SENTENCES]


def with_noise(pcm: bytes) -> bytes:
    """White noise 10 dB below what was said (without the silence put around it), the same each time."""
    samples = _samples(pcm)
    level = np.sqrt(np.mean(samples[samples != 0] ** 2)) * 10 ** (-NOISE_DB / 20)
    noise = np.random.default_rng(len(samples)).standard_normal(len(samples))
    return _pcm(samples + level * noise)


def by_phone(pcm: bytes) -> bytes:
    """Through a line of 8 kHz and back."""
    narrow = soxr.resample(_samples(pcm), HEARD_RATE, PHONE_RATE)
    return _pcm(soxr.resample(narrow, PHONE_RATE, HEARD_RATE))


CONDITIONS: dict[str, Callable[[bytes], bytes]] = {
    "clean": bytes,
    "noise_10db": with_noise,
    "phone": by_phone,
}


def _samples(pcm: bytes) -> NDArray[np.float64]:
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def _pcm(samples: NDArray[np.float64]) -> bytes:
    return np.clip(np.rint(samples), -32768, 32767).astype("<i2").tobytes()
