"""Freed memory goes back to the system: an allocator keeps it, and a model's weights are too much to keep."""

import ctypes
import gc
import sys
import traceback


def give_back_freed() -> None:
    """Let go of what nobody refers to, and of what glibc keeps of it. Takes milliseconds: not on the loop."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)


def let_go(failure: BaseException) -> None:
    """A failure's frames hold what their functions held: a model that did not load, say. Not for a thread:
    the frames that are running now must be seen to run."""
    seen: BaseException | None = failure
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    gc.collect()


def give_back_gpu() -> None:
    """What torch keeps of freed memory goes back to the card, where torch is there and uses one."""
    gc.collect()
    cuda = getattr(sys.modules.get("torch"), "cuda", None)  # absent too while another thread imports it
    if cuda is not None and cuda.is_initialized():
        cuda.empty_cache()
