"""From the 16 kHz that is heard to the 24 kHz of Kyutai's codec: all slots together, where the model is.

Two samples become three. Each block of a frame is a product with one small matrix, whose columns are a
windowed sinc at the places of the new samples; what a block needs of the samples before it, a slot remembers.
"""

import numpy as np
import torch

from protos.sound import HEARD_RATE
from stt_service.engines.moshi_frames import FRAME_S, FRAME_SAMPLES

MODEL_RATE = 24_000
MODEL_SAMPLES = round(FRAME_S * MODEL_RATE)
REACH = 32
"""Samples on each side that a new one is made of; the sound comes so much later, 2 ms."""
CUTOFF = 0.95
"""Of half the heard rate: what is above would be mirrored."""
KAISER = 8.0
"""The window's shape: 80 dB between what passes and what does not."""
_BLOCK = 64
_FULL_SCALE = 32768.0


class Rate:
    """B slots, each with the samples that it remembers."""

    def __init__(self, slots: int, device: torch.device) -> None:
        self._weights = torch.from_numpy(_weights()).to(device)
        self._before = torch.zeros(slots, 2 * REACH, device=device)

    def __call__(self, heard: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
        """[B, 1, 1920], from -1 to 1, of [B, 1280] 16-bit samples as floats; `slots`: a mask of who hears."""
        audio = torch.cat([self._before, heard], dim=1)
        made = audio.unfold(1, _BLOCK + 2 * REACH, _BLOCK) @ self._weights
        self._before[:] = torch.where(slots[:, None], audio[:, -2 * REACH :], self._before)
        return made.reshape(len(heard), 1, MODEL_SAMPLES)

    def reset(self, slots: torch.Tensor) -> None:
        self._before.masked_fill_(slots[:, None], 0)


def _weights() -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """For a block, with what comes before and after it: a column for each new sample."""
    made = np.arange(_BLOCK * MODEL_RATE // HEARD_RATE) * HEARD_RATE / MODEL_RATE
    away = np.arange(_BLOCK + 2 * REACH)[:, None] - (made + REACH)[None]
    inside = np.clip(1 - (away / REACH) ** 2, 0, None)
    window = np.where(np.abs(away) < REACH, np.i0(KAISER * np.sqrt(inside)), 0)
    weights = np.sinc(CUTOFF * away) * window
    scaled: np.ndarray[tuple[int, int], np.dtype[np.float32]] = (
        weights / weights.sum(axis=0) / _FULL_SCALE
    ).astype(np.float32)
    return scaled


assert FRAME_SAMPLES % _BLOCK == 0
