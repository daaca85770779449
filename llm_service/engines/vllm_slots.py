"""How many replies vLLM writes at once: as many as its KV cache holds, and that is known once it is loaded.

A reply that finds no room there pushes another one out, which is read anew later: its user waits. So there
are no more slots than conversations of typical length fit, unless the operator says how many there are to be.
"""

from typing import TYPE_CHECKING

from engine_room.footprints import MOST_REPLIES, TOKEN_BYTES
from engine_room.gpu_slice import Grant

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

TYPICAL_SHARE = 0.5
"""Of the window, what a conversation takes: a full one is cut to half, and most are shorter."""
WITHOUT_A_GRANT = 64
FEWEST = 8
"""Of what vLLM prepares for, before it is known what its cache holds."""


def prepared(window: int, grant: Grant | None, gpus: int = 1) -> int:
    """How many places vLLM makes ready: what the slices would hold if they were cache alone."""
    if grant is None:
        return WITHOUT_A_GRANT
    return min(max(int(grant.bytes * gpus / (TOKEN_BYTES * window * TYPICAL_SHARE)), FEWEST), MOST_REPLIES)


def held(tokens: int, window: int) -> int:
    """How many conversations of typical length a cache of so many tokens holds; at least one."""
    return max(int(tokens / (window * TYPICAL_SHARE)), 1)


def cache_tokens(engine: "AsyncLLM") -> int:
    """What the KV cache of a running engine holds."""
    cache = engine.vllm_config.cache_config
    tokens: int = (cache.num_gpu_blocks or 0) * cache.block_size
    return tokens
