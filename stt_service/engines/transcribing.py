"""The threads on which whole utterances are transcribed, and who may have one.

Finals have one at once, partials when one is free. Where there is more than one, one is kept for finals, so
that none waits for a partial.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from stt_service.engines.utterance import Segment

Transcribe = Callable[[threading.Event], list[Segment]]


class Job:
    """One transcription: its `answer`, and a way to say that nobody waits for it any more."""

    def __init__(self, transcribe: Transcribe, pool: ThreadPoolExecutor) -> None:
        self._cancelled = threading.Event()
        self.took_s = 0.0
        """From its beginning on a thread to its end, once it is answered: longer where cores are busy."""
        self.source = pool.submit(self._run, transcribe)
        self.answer = asyncio.wrap_future(self.source)

    def abandon(self) -> None:
        """Not begun, it never will be; begun, it ends after the piece of audio that it is at."""
        self._cancelled.set()
        self.answer.cancel()

    def _run(self, transcribe: Transcribe) -> list[Segment]:
        began = time.monotonic()
        heard = transcribe(self._cancelled)
        self.took_s = time.monotonic() - began
        return heard


class Desk:
    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="transcribe")
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def is_free(self) -> bool:
        """Whether a partial may be made now, and every final to come still find a thread."""
        return self._taken < max(1, self._threads - 1)

    def begin(self, transcribe: Transcribe) -> Job:
        """Have it done by the next free thread; those that wait are served in their order."""
        with self._lock:
            self._taken += 1
        job = Job(transcribe, self._pool)
        job.source.add_done_callback(self._give_back)
        return job

    def close(self) -> None:
        """Return when every thread has ended. Blocks."""
        self._pool.shutdown()

    def _give_back(self, _: "Future[list[Segment]]") -> None:
        with self._lock:
            self._taken -= 1
