"""A tracer that keeps spans from their beginning, for tests: it sees those that never end."""

from collections.abc import Iterator
from contextlib import contextmanager

from chassis.tracing import NOTHING, Span, Value, use_tracer


class KeptSpan(Span):
    """`ends` counts every call: a span must be ended once."""

    def __init__(self, name: str, number: int, trace: int, parent: "KeptSpan | None") -> None:
        self.name, self.number, self.trace, self.parent = name, number, trace, parent
        self.values: dict[str, Value] = {}
        self.events: list[str] = []
        self.event_ago_s: list[float] = []
        self.failures: list[str] = []
        self.began_ago_s = 0.0
        self.ended_ago_s = 0.0
        self.ends = 0

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace:032x}-{self.number:016x}-01"

    @property
    def log_fields(self) -> dict[str, str]:
        return {"trace_id": f"{self.trace:032x}"}

    def set(self, **values: Value | None) -> None:
        self.values |= {name: value for name, value in values.items() if value is not None}

    def event(self, name: str, *, ago_s: float = 0.0, **values: Value | None) -> None:
        self.events.append(" ".join([name, *(str(value) for value in values.values())]))
        self.event_ago_s.append(ago_s)

    def fail(self, code: str) -> None:
        self.failures.append(code)

    def end(self, *, ago_s: float = 0.0) -> None:
        self.ends += 1
        self.ended_ago_s = ago_s


class Keeper:
    """Every span since it was made. `records` says whether a new trace is recorded."""

    def __init__(self) -> None:
        self.spans: list[KeptSpan] = []
        self.records = True

    def begin(self, name: str, parent: str, ago_s: float, values: dict[str, Value | None]) -> Span:
        cause = next((span for span in self.spans if span.traceparent == parent), None)
        if (cause is None) if parent else not self.records:
            return NOTHING
        number = len(self.spans) + 1
        span = KeptSpan(name, number, cause.trace if cause else number, cause)
        span.began_ago_s = ago_s
        span.set(**values)
        self.spans.append(span)
        return span

    def close(self) -> None:
        """Nothing waits to be sent."""

    def named(self, name: str) -> list[KeptSpan]:
        return [span for span in self.spans if span.name == name]

    def one(self, name: str) -> KeptSpan:
        (span,) = self.named(name)
        return span


@contextmanager
def keeping() -> Iterator[Keeper]:
    """Tracing is on for the body."""
    keeper = Keeper()
    use_tracer(keeper)
    try:
        yield keeper
    finally:
        use_tracer(None)
