"""What a lane knows of traces: the span of its work, or what caused the parts of a work that goes on."""

from chassis.tracing import NOTHING, Span
from protos.parley.v1 import common_pb2 as pb

MAX_PARTS = 16
MAX_CHARS = 128
"""Of a traceparent; W3C's has 55 and may grow."""


class LaneTraces:
    """One lane's. `span` is what the service's end does for it; NOTHING at the caller's."""

    def __init__(self) -> None:
        self.span: Span = NOTHING
        self._parts: dict[int, str] = {}

    def keep(self, trace: pb.LaneTrace) -> None:
        """The peer told what caused a part; of parts that nobody asks for the oldest are forgotten."""
        if len(trace.traceparent) > MAX_CHARS:
            return
        while len(self._parts) >= MAX_PARTS:
            del self._parts[next(iter(self._parts))]
        self._parts[trace.part] = trace.traceparent

    def take(self, part: int) -> str:
        """The traceparent of what caused this part; "" when nobody said."""
        return self._parts.pop(part, "")
