"""How a process starts and ends: uvloop, logs, metrics, SIGTERM and SIGINT as one event."""

import asyncio
import gc
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import uvloop

from chassis.faults import Fault
from chassis.logs import get_logger, set_up_logs
from chassis.loop_gauges import watch_loop
from chassis.metrics import serve_metrics
from chassis.open_files import raise_open_files
from chassis.secrets import words_of
from chassis.settings import ProcessSettings, read_settings
from chassis.streams import print_in_any_locale
from chassis.tasks import task_group
from chassis.tracing import shut_down_tracing
from chassis.tracing_setup import set_up_tracing

S = TypeVar("S", bound=ProcessSettings)
log = get_logger(__name__)


def run_process(name: str, kind: type[S], main: Callable[[S, asyncio.Event], Awaitable[None]]) -> None:
    """Read the settings and run `main(settings, stop)`; `stop` is set by the first SIGTERM or SIGINT.

    A second signal ends the process within moments, whatever it is doing.
    Exit status 2: bad settings; 1: a port is taken or main failed.
    """
    print_in_any_locale()
    settings = read_settings(kind)
    set_up_logs(settings, name)
    raise_open_files()
    try:
        serve_metrics(settings)
        set_up_tracing(settings, name)
        _spare_the_collector()
        uvloop.run(_run(main, settings))
    except OSError as error:
        log.error("cannot start", reason=words_of(error))
        raise SystemExit(1) from None
    except Fault as fault:
        log.error("cannot go on", reason=str(fault))
        raise SystemExit(1) from None
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise SystemExit(1) from None
    finally:
        shut_down_tracing()


def _spare_the_collector() -> None:
    """What has been imported stays: looking through all of it again, nothing else runs for some 30 ms."""
    gc.collect()
    gc.freeze()


async def _run(main: Callable[[S, asyncio.Event], Awaitable[None]], settings: S) -> None:
    stop = asyncio.Event()
    task = asyncio.current_task()
    assert task is not None

    def on_signal() -> None:
        if stop.is_set():
            task.cancel()
        stop.set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal)
    async with task_group() as group:
        watcher = group.create_task(watch_loop())
        await main(settings, stop)
        watcher.cancel()
