"""A receiver of traces for tests: OTLP over HTTP, as a collector takes it, with what came in plain values."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Received:
    """A span; `values` and `events` without the product's prefix, times in seconds."""

    service: str
    name: str
    trace: str
    number: str
    parent: str
    values: dict[str, Any]
    events: tuple[str, ...]
    failure: str | None
    began: float
    ended: float


class Receiver:
    """`bodies` are the requests as they came. While `hangs` is set nobody gets an answer."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.connections = 0
        self.hangs = threading.Event()
        self.over = threading.Event()
        self.url = ""

    def take(self, body: bytes) -> None:
        self.bodies.append(body)

    @property
    def spans(self) -> list[Received]:
        return [span for body in list(self.bodies) for span in read(body)]

    def wait(self, wanted: Callable[[list[Received]], bool], within_s: float = 15.0) -> list[Received]:
        """The spans once they are what is wanted."""
        until = time.monotonic() + within_s
        while not wanted(self.spans):
            names = sorted(f"{span.service}/{span.name}" for span in self.spans)
            assert time.monotonic() < until, f"waited {within_s:g} s; got {names}"
            time.sleep(0.05)
        return self.spans


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on loopback for the body."""
    receiver = Receiver()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.connections += 1
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if receiver.hangs.is_set():
                receiver.over.wait()
                return
            if (self.path, self.headers["Content-Type"]) == ("/v1/traces", "application/x-protobuf"):
                receiver.take(body)
                self._say(200, ExportTraceServiceResponse().SerializeToString())
            else:
                self._say(404, b"")

        def _say(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the tests look at what came."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    receiver.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


def read(body: bytes) -> Iterator[Received]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        service = values(resource.resource.attributes)["service.name"]
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield as_received(service, span)


def as_received(service: str, span: Span) -> Received:
    failed = span.status.code == Status.STATUS_CODE_ERROR
    return Received(
        service=service,
        name=span.name,
        trace=span.trace_id.hex(),
        number=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        values=values(span.attributes),
        events=tuple(event.name for event in span.events),
        failure=span.status.message if failed else None,
        began=span.start_time_unix_nano / 1e9,
        ended=span.end_time_unix_nano / 1e9,
    )


def values(attributes: Any) -> dict[str, Any]:
    return {pair.key.removeprefix("parley."): plain(pair.value) for pair in attributes}


def plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    return getattr(value, kind) if kind else None
