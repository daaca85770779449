"""Forgetting what some slots said: hundreds of small writes, on a card recorded once and replayed as one.

A graph writes to the memory that it was recorded with. The generator's own offsets are new memory at each
step, so they are written beside it.
"""

from typing import Any

import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMGen
from moshi.utils.compile import CUDAGraphed


class Reset:
    """Of a codec and a generator that are streaming; called with a mask, on their device."""

    def __init__(self, mimi: MimiModel, generator: LMGen) -> None:
        self._mimi, self._lm = mimi, generator.lm_model
        self._offsets: Any = generator._streaming_state
        # It would reset the language model's states too, which are in the graph.
        self._offsets.reset_callback = None
        self.graph = CUDAGraphed(self._reset_kept, disable=self._lm.device.type != "cuda")

    def __call__(self, mask: torch.Tensor) -> None:
        self.graph(mask)
        self._offsets.reset(mask)

    def _reset_kept(self, mask: torch.Tensor) -> None:
        self._lm.reset_streaming(mask)
        self._mimi.reset_streaming(mask)
