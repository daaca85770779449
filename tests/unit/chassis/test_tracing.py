"""Traces: nothing at all while they are off; while they are on, no words, no waiting and no noise."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span

from chassis import tracing
from chassis.faults import NoSlot, NotReady
from chassis.otlp import OtlpTracer
from chassis.settings import ProcessSettings, read_settings
from chassis.tracing import NOTHING, begin, begin_trace, use_tracer
from chassis.tracing_setup import set_up_tracing

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
SERVICES = ("stt_service", "llm_service", "tts_service", "analysis_service")
OFF = """
import sys
import {others}
before = set(sys.modules)
from chassis.settings import read_settings
from chassis.tracing import begin, begin_trace, shut_down_tracing
from chassis.tracing_setup import set_up_tracing
import {module}
from {settings} import {kind}
set_up_tracing(read_settings({kind}), "x")
with begin_trace("turn", turn=1) as span, begin("llm", "{parent}"):
    span.event("first_token")
shut_down_tracing()
print([name for name in set(sys.modules) - before if name.startswith(("opentelemetry", "chassis.otlp"))])
"""


class Kept:
    """What was exported, once the process would have ended."""

    def __init__(self, ratio: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        self._tracer = OtlpTracer(self._exporter, ratio, "sample")
        use_tracer(self._tracer)

    def spans(self) -> list[ReadableSpan]:
        tracing.shut_down_tracing()
        return list(self._exporter.get_finished_spans())

    def one(self) -> ReadableSpan:
        (span,) = self.spans()
        return span


@pytest.fixture
def kept() -> Iterator[Kept]:
    yield Kept()
    tracing.shut_down_tracing()


# ---------------------------------------------------------------------- off


@pytest.mark.parametrize("service", SERVICES)
def test_while_it_is_off_a_service_does_not_import_the_library(service: str) -> None:
    kind = f"{service.split('_')[0].capitalize()}Settings"
    assert printed(off("sys", f"{service}.__main__", f"{service}.settings", kind)) == "[]"


def test_while_it_is_off_the_gateway_imports_no_more_of_the_library_than_others_do() -> None:
    """FastAPI and Redis' client import what they find of it."""
    others = "fastapi.applications, redis.asyncio"
    assert printed(off(others, "gateway.app", "gateway.settings", "GatewaySettings")) == "[]"


def off(others: str, module: str, settings: str, kind: str) -> str:
    return OFF.format(others=others, module=module, settings=settings, kind=kind, parent=PARENT)


def printed(code: str) -> str:
    environment = {"PYTHONPATH": ".", "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=environment
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_while_it_is_off_a_span_is_nothing() -> None:
    assert begin_trace("turn", turn=1) is NOTHING
    assert begin("llm", PARENT) is NOTHING
    with NOTHING as span:
        span.set(turn=1)
        span.event("first_token")
        span.fail("llm_failed")
    assert (span.traceparent, span.log_fields) == ("", {})


# ---------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://", "http://host:port"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:99999", "out of range"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5", "at most 1"),
        ("OTEL_TRACES_SAMPLER_ARG", "-0.1", "at least 0"),
        ("OTEL_TRACES_SAMPLER_ARG", "nan", "at least 0"),
    ],
)
def test_a_setting_that_is_not_possible_stops_the_start(
    variable: str,
    value: str,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318")
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit):
        read_settings(ProcessSettings)
    said = capsys.readouterr().err
    assert variable in said
    assert words in said


def test_what_was_set_for_others_stops_nobody_who_sends_no_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "endpoint=http://jaeger:14250")
    settings = read_settings(ProcessSettings)
    assert (settings.otel_exporter_otlp_endpoint, settings.otel_traces_sampler_arg) == ("", 1.0)


def test_without_the_library_the_start_stops_and_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "chassis.otlp")
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    settings = ProcessSettings(otel_exporter_otlp_endpoint="http://127.0.0.1:4318")
    with pytest.raises(NotReady, match=r"pip install -e '\.\[tracing\]'"):
        set_up_tracing(settings, "sample")
    assert not tracing.is_on()


def test_a_process_without_the_library_says_so_and_ends() -> None:
    code = (
        "import sys\n"
        "sys.modules['opentelemetry.sdk.resources'] = None\n"
        "from llm_service.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        env={"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "LLM_ENGINE": "fake"},
    )
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    assert "pip install -e '.[tracing]'" in line
    assert done.stderr == ""


# ---------------------------------------------------------------------- on


def test_spans_of_one_cause_are_one_trace(kept: Kept) -> None:
    with begin_trace("turn", turn=7) as root, begin("llm", root.traceparent) as child:
        child.event("first_token")
    llm, turn = kept.spans()
    assert turn.parent is None
    assert llm.parent is not None
    assert llm.context is not None
    assert turn.context is not None
    assert llm.parent.span_id == turn.context.span_id
    assert llm.context.trace_id == turn.context.trace_id
    assert turn.attributes == {"parley.turn": 7}
    assert [event.name for event in llm.events] == ["first_token"]
    assert root.log_fields == {"trace_id": f"{turn.context.trace_id:032x}"}


def test_a_peers_span_is_taken_for_the_parent(kept: Kept) -> None:
    begin("chat", PARENT).end()
    span = kept.one()
    assert span.parent is not None
    assert (f"{span.parent.trace_id:032x}", f"{span.parent.span_id:016x}") == (TRACE, SPAN)


@pytest.mark.parametrize(
    "traceparent",
    [
        "",
        "rubbish",
        "\0" * 55,
        "é" * 55,
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-zz",
        PARENT * 10_000,
    ],
)
def test_a_traceparent_that_cannot_be_read_is_none(kept: Kept, traceparent: str) -> None:
    assert begin("chat", traceparent) is NOTHING
    assert kept.spans() == []


def test_a_trace_begins_here_whatever_else_the_library_records_in_the_process(kept: Kept) -> None:
    somebody_elses = SpanContext(int(TRACE, 16), int(SPAN, 16), is_remote=False, trace_flags=TraceFlags(1))
    with use_span(NonRecordingSpan(somebody_elses)):
        begin_trace("turn").end()
    assert kept.one().parent is None


def test_what_the_caller_does_not_record_is_not_recorded(kept: Kept) -> None:
    assert begin("chat", f"00-{TRACE}-{SPAN}-00") is NOTHING


def test_the_share_of_traces_is_kept_and_their_children_go_with_them() -> None:
    kept = Kept(ratio=0.0)
    assert begin_trace("turn") is NOTHING
    begin("chat", PARENT).end()
    assert kept.one().name == "chat", "who is called does not choose again"


def test_a_span_ends_once_and_takes_nothing_afterwards(kept: Kept) -> None:
    span = begin_trace("turn")
    span.end(ago_s=1.0)
    span.end()
    span.set(turn=1)
    span.event("late")
    span.fail("late")
    ended = kept.one()
    assert (dict(ended.attributes or {}), list(ended.events), ended.status.description) == ({}, [], None)


def test_what_is_noticed_late_is_told_as_of_then(kept: Kept) -> None:
    now = time.time()
    span = begin("utterance", PARENT, ago_s=3.0)
    span.event("stopped", ago_s=2.0)
    span.end(ago_s=1.0)
    ended = kept.one()
    assert ended.start_time is not None
    assert ended.end_time is not None
    assert ended.start_time / 1e9 == pytest.approx(now - 3, abs=0.5)
    assert ended.events[0].timestamp / 1e9 == pytest.approx(now - 2, abs=0.5)
    assert ended.end_time / 1e9 == pytest.approx(now - 1, abs=0.5)


def test_a_span_says_how_its_work_ended_without_the_words_of_the_failure(kept: Kept) -> None:
    with pytest.raises(NoSlot), begin_trace("turn"):
        raise NoSlot("the user said: my secret wish")
    with pytest.raises(asyncio.CancelledError), begin_trace("turn"):
        raise asyncio.CancelledError
    failed, cancelled = kept.spans()
    assert failed.status.description == "NoSlot"
    assert list(failed.events) == []
    assert cancelled.status.is_unset
    assert cancelled.attributes == {"parley.cancelled": True}


def test_the_first_failure_is_the_one_that_counts(kept: Kept) -> None:
    span = begin_trace("turn")
    span.fail("llm_failed")
    span.fail("tts_failed")
    span.end()
    assert kept.one().status.description == "llm_failed"


def test_what_could_be_words_is_not_recorded(kept: Kept) -> None:
    with begin_trace("turn", session="0b5e-77", said="my secret wish") as span:
        span.set(reply="größe", long="x" * 81, model="Qwen/Qwen2.5-7B", seconds=1.5, missing=None)
        span.fail("it said: my secret")
    ended = kept.one()
    assert ended.attributes == {
        "parley.session": "0b5e-77",
        "parley.said": "?",
        "parley.reply": "?",
        "parley.long": "?",
        "parley.model": "Qwen/Qwen2.5-7B",
        "parley.seconds": 1.5,
    }
    assert ended.status.description == "?"
