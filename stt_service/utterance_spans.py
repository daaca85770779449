"""The spans of a lane's utterances, each in the trace of the turn that it belongs to.

A lane outlives many turns, and only the gateway knows which turn an utterance is part of: it says so when
it hears that speech has started. So an utterance's times are kept until it is over, and its span is made
then, all at once: none is ever left open, and an utterance of no traced turn costs nothing but its times.
"""

import time

from chassis.lane_traces import LaneTraces
from chassis.tracing import Value, begin


class UtteranceSpans:
    """One lane's. Utterances are numbered as on the wire."""

    def __init__(self, traces: LaneTraces, session: str, engine: str) -> None:
        self._traces, self._session, self._engine = traces, session, engine
        self._moments: dict[int, dict[str, float]] = {}

    def start(self, utterance: int) -> None:
        self._moments[utterance] = {"": time.monotonic()}

    def mark(self, utterance: int, event: str) -> None:
        """The first time that this happens to the utterance is kept."""
        if utterance in self._moments:
            self._moments[utterance].setdefault(event, time.monotonic())

    def finish(self, utterance: int, **values: Value) -> None:
        """The final is out, or none will come."""
        moments = self._moments.pop(utterance, None)
        parent = self._traces.take(utterance)
        if moments is None:
            return
        now = time.monotonic()
        span = begin(
            "utterance",
            parent,
            ago_s=now - moments.pop(""),
            session=self._session,
            engine=self._engine,
            utterance=utterance,
            **values,
        )
        for event, at in moments.items():
            span.event(event, ago_s=now - at)
        span.end()

    def abandon(self) -> None:
        """The lane ends: what is under way gets no final."""
        for utterance in list(self._moments):
            self.finish(utterance, cancelled=True)
