"""The loop whose clock jumps: time passes at once, and what cannot be waited for in it says so."""

import asyncio
import socket
import threading
import time

import pytest

from tests.support.leaks import Leaked
from tests.support.virtual_time import Deadlock, RealWait, Spinning, VirtualLoop, run_virtual


def test_hours_pass_in_milliseconds() -> None:
    async def main() -> float:
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(50 * 3600)
        return asyncio.get_running_loop().time() - began

    began = time.monotonic()
    assert run_virtual(main(), timeout_s=1e6) == pytest.approx(50 * 3600)
    assert time.monotonic() - began < 1


def test_timers_fire_in_their_order_and_at_their_time() -> None:
    async def main() -> list[tuple[str, float]]:
        told: list[tuple[str, float]] = []
        now = asyncio.get_running_loop().time

        async def tell(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            told.append((name, now()))

        async with asyncio.TaskGroup() as group:
            for name, after_s in (("third", 7.5), ("first", 0.02), ("second", 7.25)):
                group.create_task(tell(name, after_s))
        return told

    names, times = zip(*run_virtual(main()), strict=True)
    assert names == ("first", "second", "third")
    assert times == pytest.approx((0.02, 7.25, 7.5))


def test_what_is_ready_runs_before_any_time_passes() -> None:
    async def main() -> float:
        for _ in range(100):
            await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert run_virtual(main()) < 1e-6


def test_a_deadline_is_kept() -> None:
    async def main() -> None:
        async with asyncio.timeout(3):
            await asyncio.Event().wait()

    with pytest.raises(TimeoutError):
        run_virtual(main())


def test_what_waits_for_ever_without_a_timer_is_a_deadlock_and_named() -> None:
    async def waits_for_nobody() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        # The loop's own bound would be a timer: here there is none.
        await asyncio.create_task(waits_for_nobody(), name="hopeless")

    with pytest.raises(Deadlock, match="hopeless"), asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(main())


def test_work_in_an_executor_is_refused() -> None:
    with pytest.raises(RealWait, match="sleep"):
        run_virtual(asyncio.to_thread(time.sleep, 0))


def test_a_thread_beside_the_loop_is_refused_and_named() -> None:
    done = threading.Event()

    async def main() -> None:
        threading.Thread(target=done.wait, name="beside", daemon=True).start()
        await asyncio.sleep(1)

    try:
        with pytest.raises(RealWait, match="beside"):
            run_virtual(main())
    finally:
        done.set()


def test_a_socket_is_refused() -> None:
    async def main() -> None:
        here, there = socket.socketpair()
        with here, there:
            here.setblocking(False)
            await asyncio.get_running_loop().sock_recv(here, 1)

    with pytest.raises(RealWait, match="file descriptor"):
        run_virtual(main())


def test_a_task_that_spins_is_no_hang() -> None:
    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    with pytest.raises(Spinning):
        run_virtual(main())


def test_a_task_that_stays_is_a_leak() -> None:
    async def main() -> None:
        main.kept = asyncio.create_task(asyncio.sleep(60), name="forgotten")  # type: ignore[attr-defined]

    with pytest.raises(Leaked, match="forgotten"):
        run_virtual(main())


def test_a_timer_that_stays_set_is_a_leak() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(60, print)

    with pytest.raises(Leaked, match="timers"):
        run_virtual(main())
