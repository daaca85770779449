"""What each of vLLM's processes is taught: to end with the service, and to leave others the processor.

A service that is killed cannot shut its engine down, and vLLM's processes would live on with the model and a
GPU's memory. And where vLLM is several processes, they wait for each other by calling sched_yield all the
time: on Linux 6.18 nobody else on the machine ran for up to 15 s meanwhile (32 replies on two cores; 0.1 s
without). vLLM runs `watch` in each of its processes, as the plugin that this package's entry points name.
"""

import multiprocessing
import os
import threading
import time

INTERVAL_S = 1.0


def watch() -> None:
    """Wait without sched_yield; leave soon after the parent process, in one that was started as a worker."""
    from vllm.distributed import utils

    utils.USE_SCHED_YIELD = False  # vLLM's own way on older Pythons: it sleeps for no time
    if multiprocessing.parent_process() is not None and not _watching():
        threading.Thread(target=_leave_after, args=(os.getppid(),), name=__name__, daemon=True).start()


def _watching() -> bool:
    return any(thread.name == __name__ for thread in threading.enumerate())


def _leave_after(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(INTERVAL_S)
    os._exit(1)
