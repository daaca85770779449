"""Freed memory goes back to the system: an allocator keeps it, and a model's weights are too much to keep."""

import ctypes
import gc
import sys
import traceback


def give_back_freed() -> None:
    """Collect garbage, and return what glibc keeps of it to the system. Blocks for milliseconds."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries have none
        if trim is not None:
            trim(0)


def let_go(failure: BaseException) -> None:
    """Clear the frames of a failure and of its causes, which hold what their functions held: a model, say.

    On the thread that caught it: frames that still run in another cannot be told from those that ended.
    """
    seen: BaseException | None = failure
    while seen is not None:
        traceback.clear_frames(seen.__traceback__)
        seen = seen.__cause__ or seen.__context__
    gc.collect()


def give_back_gpu() -> None:
    """Empty the cache of torch's CUDA allocator, where torch is imported and has begun CUDA. Blocks."""
    gc.collect()
    cuda = getattr(sys.modules.get("torch"), "cuda", None)  # absent too while another thread imports it
    if cuda is not None and cuda.is_initialized():
        cuda.empty_cache()
