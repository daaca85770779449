"""Freed memory goes back to the system: an allocator keeps it, and a model's weights are too much to keep."""

import ctypes
import gc
import sys


def give_back_freed() -> None:
    """Let go of what nobody refers to, and of what glibc keeps of it. Takes milliseconds: not on the loop."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)
