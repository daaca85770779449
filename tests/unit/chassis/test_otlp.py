"""The way of spans out of a process: in time where somebody takes them, and no burden where nobody does."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from chassis import otlp, tracing
from chassis.otlp import Complaints, open_tracer
from chassis.settings import ProcessSettings
from chassis.tracing import begin_trace, use_tracer
from chassis.tracing_setup import set_up_tracing
from cli.cluster_files import free_ports
from tests.support.otlp_receiver import Receiver, receiving

SENDERS = ("OtelBatch", "last spans")


@pytest.fixture(autouse=True)
def _nothing_is_left_of_the_library() -> Iterator[None]:
    """Its loggers are put back, and its threads have ended: they wait random times, which others notice."""
    library = logging.getLogger("opentelemetry")
    handlers, propagate = library.handlers, library.propagate
    yield
    for thread in threading.enumerate():
        if thread.name.startswith(SENDERS):
            thread.join(2 * otlp.SEND_S)
            assert not thread.is_alive(), thread.name
    library.handlers, library.propagate = handlers, propagate


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as taking:
        yield taking


def test_spans_reach_a_receiver_with_the_name_of_their_process(receiver: Receiver) -> None:
    set_up_tracing(ProcessSettings(otel_exporter_otlp_endpoint=f"{receiver.url}/"), "llm_service")
    begin_trace("turn", turn=3).end()
    tracing.shut_down_tracing()
    (span,) = receiver.spans
    assert (span.service, span.name, span.values, span.parent) == ("llm_service", "turn", {"turn": 3}, "")


def hurry(count: int) -> float:
    """The longest that one of so many spans kept its caller waiting."""
    longest = 0.0
    for _ in range(count):
        started = time.perf_counter()
        begin_trace("turn", turn=1).end()
        longest = max(longest, time.perf_counter() - started)
    return longest


def test_a_receiver_that_hangs_keeps_nobody_waiting(
    receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.hangs.set()
    use_tracer(open_tracer(receiver.url, 1.0, "sample"))
    assert hurry(3 * otlp.QUEUE_SPANS) < 1.0
    assert receiver.connections == 1
    ending = time.monotonic()
    tracing.shut_down_tracing()
    assert time.monotonic() - ending < otlp.LAST_SEND_S + 1
    complaints = [line for line in capsys.readouterr().out.splitlines() if "traces" in line]
    assert len(complaints) == 1, "spans were lost, which is worth one line and no more"


def test_a_receiver_that_is_not_there_keeps_nobody_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    (port,) = free_ports(1)
    use_tracer(open_tracer(f"http://127.0.0.1:{port}", 1.0, "sample"))
    assert hurry(3 * otlp.QUEUE_SPANS) < 1.0
    ending = time.monotonic()
    tracing.shut_down_tracing()
    assert time.monotonic() - ending < otlp.LAST_SEND_S + 1
    assert capsys.readouterr().out.count("traces are hard to send") == 1


def test_nothing_of_a_receiver_that_hangs_outlives_the_process(receiver: Receiver) -> None:
    """Its thread must not hold the interpreter: a process that was told to end ends."""
    receiver.hangs.set()
    code = (
        "from chassis.otlp import open_tracer\n"
        "from chassis.tracing import begin_trace, shut_down_tracing, use_tracer\n"
        f"use_tracer(open_tracer({receiver.url!r}, 1.0, 'sample'))\n"
        "begin_trace('turn').end()\n"
        "shut_down_tracing()\n"
    )
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert time.monotonic() - started < otlp.LAST_SEND_S + 8


def test_complaints_are_a_line_a_minute(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [1000.0]
    monkeypatch.setattr("chassis.otlp.time.monotonic", lambda: clock[0])
    logger = logging.Logger("library")
    logger.addHandler(Complaints())
    for second in range(125):
        clock[0] = 1000.0 + second
        logger.warning("Failed to export %s", "spans")
        logger.info("not worth a line")
    lines = [line for line in capsys.readouterr().out.splitlines() if "Failed to export" in line]
    assert len(lines) == 3
    assert "lines_passed_over=59" in lines[1]


def test_a_flood_from_many_threads_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.Logger("library")
    logger.addHandler(Complaints())
    threads = [threading.Thread(target=logger.error, args=("boom",)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert capsys.readouterr().out.count("boom") == 1
