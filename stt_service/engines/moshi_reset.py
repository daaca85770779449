"""Forgetting what some slots heard: hundreds of small writes, on a card recorded once and replayed as one.

A graph writes to the memory that it was recorded with. So it has only states that change in place; the few
that the package replaces by new ones at each step are written one by one.
"""

from typing import Any

import torch
from moshi.models.compression import MimiModel
from moshi.models.lm import LMGen
from moshi.modules.streaming import StreamingModule
from moshi.utils.compile import CUDAGraphed


class Reset:
    """Of a codec and a generator that are streaming; called with a mask, on their device."""

    def __init__(self, mimi: MimiModel, generator: LMGen) -> None:
        self._offsets = generator._streaming_state
        # It would reset the language model's states too, which are among the others here.
        self._offsets.reset_callback = None
        others = [*states_of(mimi), *states_of(generator.lm_model)]
        self._replaced = states_of(mimi.downsample) if hasattr(mimi, "downsample") else []
        kept = [state for state in others if not any(state is replaced for replaced in self._replaced)]

        def reset_kept(mask: torch.Tensor) -> None:
            for state in kept:
                state.reset(mask)

        self.kept = kept
        self._graph = CUDAGraphed(reset_kept, disable=generator.lm_model.device.type != "cuda")

    def __call__(self, mask: torch.Tensor) -> None:
        self._graph(mask)
        for state in (*self._replaced, self._offsets):
            state.reset(mask)


def states_of(module: Any) -> list[Any]:
    """Of all its streaming parts, its own included."""
    parts = (part for part in module.modules() if isinstance(part, StreamingModule))
    return [part._streaming_state for part in parts if part._streaming_state is not None]
