"""The recording of spans, by OpenTelemetry's library, and their way out, by OTLP over HTTP.

Imported only when tracing is on. The provider is this module's own and never the library's global one, so
that no other package records what it likes. Ending a span puts it on a bounded queue and returns; a thread
sends small batches, because encoding one holds the interpreter for as long as it takes.
"""

import logging
import threading
import time

import requests
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span as LibrarySpan
from opentelemetry.trace import StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.logs import get_logger
from chassis.proxies import is_near_url
from chassis.secrets import hide
from chassis.tracing import NOTHING, Span, Value, plain

log = get_logger(__name__)
QUEUE_SPANS = 2048
BATCH_SPANS = 64
SEND_EVERY_MS = 1000
SEND_S = 5.0
"""For one batch, tries included."""
LAST_SEND_S = 2.0
COMPLAIN_EVERY_S = 60.0
PREFIX = "parley."
_context = TraceContextTextMapPropagator()


def open_tracer(endpoint: str, ratio: float, process: str) -> "OtlpTracer":
    """A tracer that sends to the OTLP/HTTP receiver at this address, whether or not one is there."""
    hush_library()
    session = requests.Session()
    session.trust_env = not is_near_url(endpoint)  # or a proxy is asked for the collector beside us
    exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=SEND_S, session=session)
    return OtlpTracer(exporter, ratio, process)


class OtlpTracer:
    """Records into an exporter. Of traces that begin here `ratio` are recorded; others as their parents."""

    def __init__(self, exporter: SpanExporter, ratio: float, process: str) -> None:
        resource = Resource.create({"service.name": process, "service.namespace": "parley"})
        self._exporter = exporter
        self._provider = TracerProvider(
            ParentBased(TraceIdRatioBased(ratio)), resource, shutdown_on_exit=False
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                exporter,
                max_queue_size=QUEUE_SPANS,
                schedule_delay_millis=SEND_EVERY_MS,
                max_export_batch_size=BATCH_SPANS,
            )
        )
        self._tracer = self._provider.get_tracer("parley")

    def begin(self, name: str, parent: str, ago_s: float, values: dict[str, Value | None]) -> Span:
        context = Context()
        if parent:
            context = _context.extract({"traceparent": parent}, context)
            if not get_current_span(context).get_span_context().is_valid:
                return NOTHING
        span = self._tracer.start_span(name, context, attributes=_attributes(values), start_time=_ns(ago_s))
        return OtlpSpan(span) if span.is_recording() else NOTHING

    def close(self) -> None:
        """The library's own way to close waits for a peer that hangs: it gets so long and no longer."""
        closing = threading.Thread(target=self._provider.shutdown, name="last spans", daemon=True)
        closing.start()
        closing.join(LAST_SEND_S)
        if closing.is_alive():
            self._exporter.shutdown()


class OtlpSpan(Span):
    """One that is recorded."""

    __slots__ = ("_failed", "_span")

    def __init__(self, span: LibrarySpan) -> None:
        self._span = span
        self._failed = False

    @property
    def traceparent(self) -> str:
        own = self._span.get_span_context()
        return f"00-{own.trace_id:032x}-{own.span_id:016x}-{int(own.trace_flags):02x}"

    @property
    def log_fields(self) -> dict[str, str]:
        return {"trace_id": f"{self._span.get_span_context().trace_id:032x}"}

    def set(self, **values: Value | None) -> None:
        if self._span.is_recording():
            self._span.set_attributes(_attributes(values))

    def event(self, name: str, *, ago_s: float = 0.0, **values: Value | None) -> None:
        if self._span.is_recording():
            self._span.add_event(name, _attributes(values), _ns(ago_s))

    def fail(self, code: str) -> None:
        if self._span.is_recording() and not self._failed:
            self._failed = True
            self._span.set_status(StatusCode.ERROR, str(plain(code)))

    def end(self, *, ago_s: float = 0.0) -> None:
        if self._span.is_recording():
            self._span.end(_ns(ago_s))


def _attributes(values: dict[str, Value | None]) -> dict[str, Value]:
    return {f"{PREFIX}{name}": plain(value) for name, value in values.items() if value is not None}


def _ns(ago_s: float) -> int:
    """Wall-clock time, for spans of several machines are laid side by side."""
    return time.time_ns() - int(ago_s * 1e9)


class Complaints(logging.Handler):
    """Turns what the library logs, several lines a failure, into a line a minute at most."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._next_at = 0.0
        self._passed_over = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Called by whatever thread complains, under the handler's lock."""
        now = time.monotonic()
        if now < self._next_at:
            self._passed_over += 1
            return
        self._next_at = now + COMPLAIN_EVERY_S
        log.warning("traces are hard to send", reason=_kind_of(record), lines_passed_over=self._passed_over)
        self._passed_over = 0


def _kind_of(record: logging.LogRecord) -> str:
    """Its words without what was filled in: that quotes headers and addresses."""
    error = record.exc_info[1] if record.exc_info else None
    filled_in = record.args if isinstance(record.args, tuple) else ()
    kinds = [type(one).__name__ for one in (*filled_in, error) if isinstance(one, BaseException)]
    words = hide(str(record.msg))
    return f"{words} ({', '.join(kinds)})" if kinds else words


def hush_library() -> None:
    library = logging.getLogger("opentelemetry")
    library.propagate = False
    library.handlers = [Complaints()]
