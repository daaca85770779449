"""Ends vLLM's processes when the service is gone: a GPU's memory must not outlive who asked for it.

A service that is killed cannot shut its engine down, and vLLM's processes would live on with the model. vLLM
runs `watch` in each of its processes, as the plugin that this package's entry points name.
"""

import multiprocessing
import os
import threading
import time

INTERVAL_S = 1.0


def watch() -> None:
    """Leave this process soon after its parent; does nothing in a process that nobody started as a worker."""
    if multiprocessing.parent_process() is not None and not _watching():
        threading.Thread(target=_leave_after, args=(os.getppid(),), name=__name__, daemon=True).start()


def _watching() -> bool:
    return any(thread.name == __name__ for thread in threading.enumerate())


def _leave_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
