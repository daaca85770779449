"""The threads on which Whisper transcribes, and who may have one: finals at once, partials when one is free.

One thread is kept for finals, so that none waits for a partial, where there is more than one.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from stt_service.engines.utterance import Segment


class Job:
    """One transcription: its `answer`, and a way to say that nobody waits for it any more."""

    def __init__(self, source: "Future[list[Segment]]", cancelled: threading.Event) -> None:
        self.answer = asyncio.wrap_future(source)
        self._cancelled = cancelled

    def abandon(self) -> None:
        """Not begun, it never will be; begun, it ends after the 30 s of audio that it is at."""
        self._cancelled.set()
        self.answer.cancel()


class Desk:
    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="whisper")
        self._lock = threading.Lock()
        self._taken = 0

    @property
    def is_free(self) -> bool:
        """Whether a partial may be made now, and every final to come still find a thread."""
        return self._taken < max(1, self._threads - 1)

    def begin(self, transcribe: Callable[[threading.Event], list[Segment]]) -> Job:
        """Have it done by the next free thread; those that wait are served in their order."""
        cancelled = threading.Event()
        with self._lock:
            self._taken += 1
        source = self._pool.submit(transcribe, cancelled)
        source.add_done_callback(self._give_back)
        return Job(source, cancelled)

    def close(self) -> None:
        """Return when every thread has ended. Blocks."""
        self._pool.shutdown()

    def _give_back(self, _: "Future[list[Segment]]") -> None:
        with self._lock:
            self._taken -= 1
