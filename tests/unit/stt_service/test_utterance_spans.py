"""An utterance's span is made when it is over, in the trace that the gateway named meanwhile."""

from collections.abc import Iterator

import pytest

from chassis.lane_traces import LaneTraces
from chassis.tracing import begin_trace
from protos.parley.v1 import common_pb2
from stt_service.utterance_spans import UtteranceSpans
from tests.support.spans import Keeper, keeping


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with keeping() as kept:
        yield kept


def heard(traces: LaneTraces) -> UtteranceSpans:
    return UtteranceSpans(traces, "s1", "fake")


def tell(traces: LaneTraces, utterance: int, traceparent: str) -> None:
    traces.keep(common_pb2.LaneTrace(part=utterance, traceparent=traceparent))


def test_it_is_part_of_the_turn_that_was_named_and_lasts_from_the_start_to_the_final(
    keeper: Keeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([10.0, 11.0, 11.5, 12.0, 13.0])
    monkeypatch.setattr("stt_service.utterance_spans.time.monotonic", lambda: next(times))
    root, traces = begin_trace("turn"), LaneTraces()
    spans = heard(traces)
    spans.start(1)
    tell(traces, 1, root.traceparent)
    for event in ("first_partial", "first_partial", "stopped"):
        spans.mark(1, event)
    spans.finish(1, reason="silence", words=2)
    span = keeper.one("utterance")
    assert span.parent is root
    assert (span.ends, span.events) == (1, ["first_partial", "stopped"])
    assert span.values == {"session": "s1", "engine": "fake", "utterance": 1, "reason": "silence", "words": 2}
    assert (span.began_ago_s, span.event_ago_s, span.ended_ago_s) == (3.0, [2.0, 1.0], 0.0)


def test_one_that_begins_before_the_last_is_understood_keeps_its_own_cause(keeper: Keeper) -> None:
    first, second, traces = begin_trace("turn"), begin_trace("turn"), LaneTraces()
    spans = heard(traces)
    spans.start(1)
    tell(traces, 1, first.traceparent)
    spans.start(2)
    tell(traces, 2, second.traceparent)
    spans.finish(1)
    spans.finish(2)
    assert [span.parent for span in keeper.named("utterance")] == [first, second]


def test_one_that_nobody_named_leaves_none(keeper: Keeper) -> None:
    spans = heard(LaneTraces())
    spans.start(1)
    spans.mark(1, "stopped")
    spans.finish(1)
    assert keeper.spans == []


def test_a_lane_that_ends_ends_what_is_under_way(keeper: Keeper) -> None:
    root, traces = begin_trace("turn"), LaneTraces()
    spans = heard(traces)
    spans.start(1)
    tell(traces, 1, root.traceparent)
    spans.abandon()
    spans.abandon()
    assert keeper.one("utterance").values["cancelled"] is True
    assert keeper.one("utterance").ends == 1


def test_what_never_started_is_passed_over(keeper: Keeper) -> None:
    spans = heard(LaneTraces())
    spans.mark(9, "stopped")
    spans.finish(9)
    assert keeper.spans == []
