"""WAV files in and out: 16-bit mono."""

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

RATES = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
LOUD = 0.1
"""A 10 ms window is voice when it has this share of the loudest one's level."""


@dataclass(frozen=True, slots=True)
class Recording:
    pcm: bytes
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / self.rate

    def voice_ends_s(self) -> float:
        """When the last voiced window ends; the whole length where nothing stands out."""
        samples = np.frombuffer(self.pcm, np.int16).astype(np.float64)
        window = self.rate // 100
        whole = samples[: samples.size // window * window].reshape(-1, window)
        if not whole.size:
            return self.seconds
        level = np.sqrt((whole**2).mean(axis=1))
        voiced = np.flatnonzero(level > level.max() * LOUD)
        return float((voiced[-1] + 1) * window / self.rate) if voiced.size else self.seconds


def read_wav(path: Path) -> Recording:
    """Raises ValueError, saying what is wrong and how to put it right, or OSError."""
    try:
        with wave.open(str(path), "rb") as source:
            channels, width, rate = source.getnchannels(), source.getsampwidth(), source.getframerate()
            pcm = source.readframes(source.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path} is not a PCM WAV file ({error}); {_remedy(path)}") from None
    if (channels, width) != (1, 2):
        raise ValueError(f"{path} has {channels} channel(s) of {width * 8} bit; {_remedy(path)}")
    if rate not in RATES:
        raise ValueError(f"{path} has {rate} Hz; {_remedy(path)}")
    if not pcm:
        raise ValueError(f"{path} has no sound in it")
    return Recording(pcm[: len(pcm) // 2 * 2], rate)


def _remedy(path: Path) -> str:
    return f"make it 16-bit mono: sox {path.name} -r 16000 -c 1 -b 16 out.wav"


def write_wav(path: Path, recording: Recording) -> None:
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(recording.rate)
        target.writeframes(recording.pcm)
