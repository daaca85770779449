"""Labels come from bounded sets: a hundred series of a metric at most, and no word of what people say."""

import ast
from math import prod
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from analysis_service.engines.judging import reasons
from analysis_service.metrics import REASONS as FALLBACK_REASONS
from chassis.lane_gauges import LANES
from chassis.metrics import REGISTRY
from gateway.conversation.effects import CloseReason
from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.parley import ParleyDialect
from gateway.door.metrics import REASONS
from gateway.session import metrics
from gateway.session.observed import LIVE, MOST_SHOWN, SERIES
from tests.support.promql import our_metrics

ROOT = Path(__file__).parents[2]
MOST_SERIES = 100
DIALECTS = {ParleyDialect.name, AiTalkDialect.name}
LINKS = {"stt", "llm", "tts", "analysis"}
ENGINES = 1
"""A process has one engine at a time, and takes away the series of the one before."""
JUDGES = {"llm", "rules", "fake"}

BOUNDS: dict[str, dict[str, int]] = {
    "parley_sessions": {"dialect": len(DIALECTS)},
    "parley_sessions_ended": {"dialect": len(DIALECTS), "reason": len(CloseReason)},
    "parley_client_faults": {"dialect": len(DIALECTS)},
    "parley_turns": {"outcome": len(metrics.OUTCOMES)},
    "parley_turn_errors": {"code": len((*metrics.OUR_FAULTS, *metrics.CLIENTS_FAULTS))},
    "parley_barge_ins": {"cause": len(metrics.CAUSES)},
    "parley_drafts": {"outcome": len(metrics.DRAFTED)},
    "parley_replies_held": {"outcome": len(metrics.HOLDS)},
    "parley_replies_tried_again": {"service": len(metrics.SERVICES)},
    "parley_dropped_audio_seconds": {"path": len(metrics.PATHS)},
    "parley_sessions_refused": {"reason": len(REASONS)},
    "parley_analyses": {"engine": len(JUDGES), "outcome": 3},
    "parley_analysis_fallbacks": {"reason": len(FALLBACK_REASONS)},
    "parley_slots": {"engine": ENGINES},
    "parley_slots_used": {"engine": ENGINES},
    "parley_engine_ready": {"engine": ENGINES},
    "parley_engine_fallback": {"engine": ENGINES},
    "parley_link_replicas": {"link": len(LINKS)},
    "parley_link_replicas_ready": {"link": len(LINKS)},
    "parley_link_slots_free": {"link": len(LINKS)},
    "parley_lane_items": {"queue": 2},
    "parley_lane_items_longest": {"queue": 2},
    "parley_queue_items": {"queue": 2},
    "parley_queue_items_longest": {"queue": 2},
    **{f"parley_session_{name}": {"session": MOST_SHOWN} for name, _, _ in SERIES},
}
"""Of each metric with labels, how many values each can have."""


def labelled() -> dict[str, tuple[str, ...]]:
    """Our metrics that have labels, by name."""
    our_metrics()
    known: dict[str, tuple[str, ...]] = {}
    for collector in list(REGISTRY._collector_to_names):
        if isinstance(collector, MetricWrapperBase):
            known[collector._name] = collector._labelnames
        elif collector.__module__.split(".")[0] not in ("prometheus_client",):
            for family in collector.collect():
                known[family.name] = tuple(getattr(family, "_labelnames", ()))
    return {name: labels for name, labels in known.items() if labels}


def test_every_label_of_every_metric_is_from_a_bounded_set() -> None:
    assert {name: set(labels) for name, labels in labelled().items()} == {
        name: set(bounds) for name, bounds in BOUNDS.items()
    }


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_metric_has_a_hundred_series_at_most(name: str) -> None:
    assert prod(BOUNDS[name].values()) <= MOST_SERIES


def test_what_is_added_up_when_prometheus_asks_is_registered() -> None:
    assert {LIVE, LANES} <= set(REGISTRY._collector_to_names)


def calls(name: str) -> list[tuple[str, ast.Call]]:
    """Each call of a function or method of that name in the product, with its file."""
    found = []
    for folder in (
        "chassis",
        "engine_room",
        "gateway",
        "stt_service",
        "llm_service",
        "tts_service",
        "analysis_service",
    ):
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                    if called == name:
                        found.append((str(path.relative_to(ROOT)), node))
    return found


def test_each_error_that_is_shown_has_a_code_that_is_counted() -> None:
    codes = set()
    for path, call in calls("ErrorOccurred"):
        code = call.args[0] if call.args else None
        assert isinstance(code, ast.Constant), f"{path}: a code must be written out"
        codes.add(code.value)
    counted_elsewhere = {
        "bad_handshake",  # before there is a session
        "bad_message",  # parley_client_faults_total
    }
    assert codes - counted_elsewhere == {*metrics.OUR_FAULTS, *metrics.CLIENTS_FAULTS}


def test_the_reasons_of_the_rules_judging_are_all_counted_from_zero() -> None:
    known = {reasons.AWAY.name, *(reason.name for _, reason in reasons._REASONS)}
    assert set(FALLBACK_REASONS) == known
