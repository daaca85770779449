"""An event loop whose clock jumps to the next timer when nothing is ready: hours pass in milliseconds.

Only what runs on the loop itself can be awaited. What would wait for ever, or for the real world, fails and
says what it was.
"""

import asyncio
import selectors
import threading
import weakref
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Executor
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

from tests.support.leaks import Leaked, check_clean

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
PASS_S = 1e-9
"""A pass of the loop takes time: one whose timer came a rounding error too early need not be set for ever."""
MAX_PASSES = 20_000
"""Passes of the loop before any timer is waited for."""


class Deadlock(AssertionError):
    """Nothing is ready and no timer is set: what is awaited never comes."""


class RealWait(AssertionError):
    """A thread or a file descriptor is waited for: neither keeps virtual time."""


class Spinning(AssertionError):
    """Tasks run again and again and let time not pass."""


class _Jumper(selectors.BaseSelector):
    """Waits for nothing: `pass_time` is told instead how long the loop would have waited, None: for ever."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self.pass_time: Callable[[float | None], None] = lambda _: None

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.pass_time(timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()

    def close(self) -> None:
        self._real.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its time begins at 0. `pending` are the timers that are set."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        self._passes = 0
        self._jumper = _Jumper()
        self._timers: weakref.WeakSet[asyncio.TimerHandle] = weakref.WeakSet()
        self._threads = set(threading.enumerate())
        super().__init__(self._jumper)
        self._own_files = len(self._jumper.get_map())
        self._jumper.pass_time = self._pass_time

    def time(self) -> float:
        return self._virtual_s

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        timer = super().call_at(when, callback, *args, context=context)
        self._timers.add(timer)
        return timer

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,  # noqa: ARG002
    ) -> asyncio.Future[T]:
        raise RealWait(f"{func} would run in a thread, which keeps no virtual time")

    @property
    def pending(self) -> list[asyncio.TimerHandle]:
        return [timer for timer in self._timers if not timer.cancelled() and timer.when() > self._virtual_s]

    def _pass_time(self, waits_s: float | None) -> None:
        if waits_s is not None and waits_s <= 0:
            self._passes += 1
            self._virtual_s += PASS_S
            if self._passes > MAX_PASSES:
                self._passes = 0
                raise Spinning(f"no timer is waited for at {self._virtual_s:g} s: {self._tasks()}")
            return
        self._passes = 0
        self._refuse_real()
        if waits_s is None:
            raise Deadlock(f"nothing is ready and no timer is set at {self._virtual_s:g} s: {self._tasks()}")
        self._virtual_s += waits_s

    def _refuse_real(self) -> None:
        if strangers := set(threading.enumerate()) - self._threads:
            self._threads |= strangers
            names = ", ".join(sorted(thread.name for thread in strangers))
            raise RealWait(f"threads were started, which keep no virtual time: {names}")
        if len(self._jumper.get_map()) > self._own_files:
            raise RealWait(f"a file descriptor is waited for at {self._virtual_s:g} s: {self._tasks()}")

    def _tasks(self) -> str:
        return "; ".join(sorted(f"{task.get_name()}: {task.get_coro()}" for task in asyncio.all_tasks(self)))


def run_virtual(coroutine: Coroutine[Any, Any, T], timeout_s: float = 86_400.0) -> T:
    """Its result, in virtual time. Raises Leaked when it leaves a task or a timer behind."""

    async def main() -> T:
        before = asyncio.all_tasks()
        async with asyncio.timeout(timeout_s):
            result = await coroutine
        await check_clean(before)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        if loop.pending:
            raise Leaked(f"timers are still set: {loop.pending}")
        return result

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main())
