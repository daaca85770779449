"""The one thread on which a batched model is called. It never waits for the event loop."""

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from chassis.logs import get_logger

log = get_logger(__name__)
JOIN_S = 10.0


class SlotThread:
    """Calls `step` again and again; runs what is asked of it in between.

    `step` returns the seconds until it wants to be called again, 0 for at once, None for not before `wake`.
    A step that raises ends the thread: `failure` keeps it, `on_failure` is called with it on this thread.
    """

    def __init__(
        self, name: str, step: Callable[[], float | None], on_failure: Callable[[BaseException], None]
    ) -> None:
        self._step, self._on_failure = step, on_failure
        self._jobs: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._awake = False
        self._stopping = False
        self._over = False
        self.failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def alive(self) -> bool:
        """Asked for each piece of audio, so it costs nothing."""
        return self._thread.ident is not None and not self._over

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """End the pause between steps, this or the next. From any thread; does not block on a step."""
        with self._changed:
            self._awake = True
            self._changed.notify()

    def ask(self, job: Callable[[], Any]) -> "Future[Any]":
        """Run `job` on the thread before its next step: its result or failure.

        Cancelled where the thread has ended, or ends first.
        """
        asked: Future[Any] = Future()
        if not self.alive:
            asked.cancel()
        self._jobs.append((job, asked))
        self.wake()
        return asked

    def stop(self) -> None:
        """End after the step under way. Blocks, for `JOIN_S` at most. Safe to call twice."""
        self._stopping = True
        self.wake()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(JOIN_S)

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._do_jobs()
                self._rest(self._step())
        except BaseException as failure:
            log.exception("step failed", thread=self._thread.name)
            self.failure = failure
            self._over = True
            self._on_failure(failure)
        finally:
            self._over = True
            while self._jobs:
                self._jobs.popleft()[1].cancel()

    def _do_jobs(self) -> None:
        while self._jobs:
            job, asked = self._jobs.popleft()
            if not asked.set_running_or_notify_cancel():
                continue
            try:
                asked.set_result(job())
            except Exception as failure:
                asked.set_exception(failure)

    def _rest(self, wait_s: float | None) -> None:
        with self._changed:
            if not self._awake and not self._stopping and (wait_s is None or wait_s > 0):
                self._changed.wait(wait_s)
            self._awake = False
