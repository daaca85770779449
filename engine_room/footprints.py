"""What a model takes of a GPU, before it is loaded. Pure.

The engine that loads it, `parley gpu plan`, `parley setup` and the manifests all ask here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from chassis.faults import NotReady
from chassis.gpu_cards import GB
from engine_room.gpu_slice import Grant, show_gb

MB = 1_000_000
MOST_REPLIES = 256
"""What a language model on vLLM is made ready to write at once, at most: places cost memory too."""
TOKEN_BYTES = 57_344
"""Of cache for a token of Qwen2.5-7B: keys and values in each of 28 layers, 4 heads of 128, 2 bytes each."""
TALK_TOKENS = 2048
"""How much of a language model's memory one conversation takes: its prompt, and some twenty turns."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """In bytes: its weights, what each stream keeps, and what its steps, graphs and CUDA take besides."""

    weights: int
    per_slot: int
    working: int

    def of(self, slots: int) -> int:
        return self.weights + slots * self.per_slot + self.working

    def slots_in(self, size: int) -> int:
        """How many fit into a slice; 0: not one."""
        return max((size - self.weights - self.working) // self.per_slot, 0)


def _kyutai(weights_gb: float, per_slot_mb: int) -> Footprint:
    """Mimi, the codec that ear and voice share, is 0.38 GB."""
    return Footprint(round((weights_gb + 0.38) * GB), per_slot_mb * MB, GB)


def _writer(weights_gb: float, token_bytes: int) -> Footprint:
    return Footprint(round(weights_gb * GB), TALK_TOKENS * token_bytes, 1500 * MB)


FOOTPRINTS: Mapping[str, Footprint] = {
    # Parameters in 16 bit, and the streaming state of a slot, counted on models of the published sizes.
    "kyutai/stt-1b-en_fr": _kyutai(1.98, 115),
    "kyutai/stt-1b-en_fr-candle": _kyutai(1.98, 115),
    "kyutai/stt-2.6b-en": _kyutai(5.24, 164),
    "kyutai/tts-1.6b-en_fr": _kyutai(3.66, 169),
    # 4 bits a weight with a scale for each 128, embeddings in 16. The smaller has 36 layers, 2 heads of 128.
    "Qwen/Qwen2.5-7B-Instruct-AWQ": _writer(5.57, TOKEN_BYTES),
    "Qwen/Qwen2.5-3B-Instruct-AWQ": _writer(2.1, 36_864),
}
"""By the model's name on the hub."""
SMALLER = {"Qwen/Qwen2.5-7B-Instruct-AWQ": "Qwen/Qwen2.5-3B-Instruct-AWQ"}
"""What to take where a language model does not fit."""
MOST_SHARE = 0.95
"""Of a card, for one model: the driver and the desktop have the rest."""
LARGEST = FOOTPRINTS["kyutai/tts-1.6b-en_fr"]


def footprint_of(model: str, weights: int = 0, like: Footprint = LARGEST) -> Footprint:
    """Of a model that nobody has counted: its `weights` in bytes where they are known, the rest as `like`."""
    return FOOTPRINTS.get(model) or replace(like, weights=weights or like.weights)


def check_fit(model: str, needed: Footprint, slots: int, size: int, slots_variable: str) -> None:
    """Raises NotReady where so many slots do not fit into a slice of `size` bytes, saying what would."""
    if needed.of(slots) <= size:
        return
    fitting = needed.slots_in(size)
    least = show_gb(needed.of(1))
    remedy = (
        f"set {slots_variable}={fitting}, or GPU_SLICE={needed.of(slots) / GB:.1f}"
        if fitting
        else f"one slot alone needs {least}: set GPU_SLICE to that or more, or choose a smaller model"
    )
    raise NotReady(
        f"{slots} slots of {model} need {show_gb(needed.of(slots))} of the GPU, its slice is "
        f"{show_gb(size)}: {fitting} fit; {remedy}"
    )


def check_share(model: str, gpus: int, grant: Grant) -> None:
    """Raises NotReady where a known language model, with one conversation, does not fit into its share of
    each of so many GPUs, saying what would.
    """
    if model not in FOOTPRINTS or (needed := share_of(FOOTPRINTS[model], gpus)) <= grant.bytes:
        return
    share = math.ceil(100 * needed / grant.card_bytes) / 100
    remedies = [f"LLM_GPU_MEMORY_UTILIZATION={share:g}"] if share <= MOST_SHARE else []
    smaller = SMALLER.get(model, "")
    if smaller and share_of(FOOTPRINTS[smaller], gpus) <= grant.bytes:
        remedies.append(f"LLM_MODEL_NAME={smaller}")
    remedy = f"set {' or '.join(remedies)}" if remedies else "choose a smaller model or a larger card"
    raise NotReady(
        f"{model} needs {show_gb(needed)} of the GPU, its share is {show_gb(grant.bytes)} of "
        f"{show_gb(grant.card_bytes)}; {remedy}"
    )


def share_of(writer: Footprint, gpus: int) -> int:
    """On each of the GPUs that it is split over."""
    return (writer.weights + writer.per_slot) // gpus + writer.working
