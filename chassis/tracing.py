"""Traces: who waited for whom in a turn, across processes. Off unless an address to send them to is set.

A span says when a piece of work began and ended, and carries numbers, ids and codes: never what anybody
said or wrote. While tracing is off every span is `NOTHING` and no tracing library is imported; while it is
on, spans are sent by a thread of their own, and what cannot be sent is dropped. Nothing here ever raises
once it is set up.
"""

import asyncio
import re
from types import TracebackType
from typing import Protocol

Value = bool | int | float | str
TRACEPARENT = "traceparent"
"""The name that W3C gives it, where a call has headers."""
_CODE = re.compile(r"[\w.:/+-]{0,80}", re.ASCII)


class Span:
    """A piece of work; this class itself is the span that nobody records, and its methods do nothing.

    `ago_s`: how long ago it happened, for what is noticed late. Once ended a span takes no more.
    As a context manager it ends with its body, and says how.
    """

    __slots__ = ()

    @property
    def traceparent(self) -> str:
        """For spans that this one causes in other processes, as W3C Trace Context writes it; "" if none."""
        return ""

    @property
    def log_fields(self) -> dict[str, str]:
        """To be bound to the log lines of this work."""
        return {}

    def set(self, **values: Value | None) -> None:
        """Numbers, ids and codes; None is left out."""

    def event(self, name: str, *, ago_s: float = 0.0, **values: Value | None) -> None:
        """Something happened at this moment."""

    def fail(self, code: str) -> None:
        """The work failed; `code` says how, in no words of anybody's. Only the first counts."""

    def end(self, *, ago_s: float = 0.0) -> None:
        """Only the first call counts."""

    def __enter__(self) -> "Span":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError | GeneratorExit):
            self.set(cancelled=True)
        elif kind is not None:
            self.fail(kind.__name__)
        self.end()


NOTHING = Span()


class Tracer(Protocol):
    """What records spans: `chassis/otlp.py`, where it is wanted."""

    def begin(self, name: str, parent: str, ago_s: float, values: dict[str, Value | None]) -> Span: ...

    def close(self) -> None:
        """Send what waits, for a bounded time."""
        ...


_tracers: list[Tracer] = []
"""The process's one, or none."""


def use_tracer(tracer: Tracer | None) -> None:
    """Record with this one from now on; None: with none."""
    _tracers[:] = [] if tracer is None else [tracer]


def is_on() -> bool:
    return bool(_tracers)


def shut_down_tracing() -> None:
    """Send what waits; returns within moments, whether or not anybody takes it."""
    for tracer in _tracers:
        tracer.close()
    use_tracer(None)


def begin_trace(name: str, **values: Value | None) -> Span:
    """The first span of a trace; NOTHING when this one is not to be recorded."""
    return _tracers[0].begin(name, "", 0.0, values) if _tracers else NOTHING


def begin(name: str, parent: str, *, ago_s: float = 0.0, **values: Value | None) -> Span:
    """A span caused by another, named by its traceparent, which may come from any peer.

    NOTHING without a parent, or for one that cannot be read or is not recorded.
    """
    return _tracers[0].begin(name, parent, ago_s, values) if _tracers and parent else NOTHING


def plain(value: Value) -> Value:
    """The value itself if it is a number, an id or a code; "?" for what could be words of somebody's."""
    return value if not isinstance(value, str) or _CODE.fullmatch(value) else "?"
