"""What rules and dashboards ask of Prometheus, and which metrics our processes have to answer with."""

import importlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client.metrics_core import Metric

from chassis.metrics import REGISTRY

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARDS = ROOT / "deploy" / "grafana" / "dashboards"
PRODUCT = (
    "chassis",
    "engine_room",
    "gateway",
    "stt_service",
    "llm_service",
    "tts_service",
    "analysis_service",
)
ENDINGS = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_sum", "_count"),
    "info": ("_info",),
    "gauge": ("",),
}
OF_VLLM = frozenset({"vllm:num_preemptions_total"})
"""Shown beside ours while vLLM is loaded; tests/engines looks that they are."""
OF_PROMETHEUS = frozenset({"up", "ALERTS"})
WORDS = frozenset({"and", "or", "unless", "bool", "offset", "inf", "nan"})
_NOT_METRICS = re.compile(
    r"""
    "(?:[^"\\]|\\.)*"                                    # a string
    | \{[^}]*\}                                          # matchers
    | \[[^\]]*\]                                         # a range
    | \b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)
    | \$\w+                                              # a dashboard's variable
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*(?!\w|\s*\()")


def asked_metrics(expr: str) -> set[str]:
    """The metrics that an expression names."""
    bare = _NOT_METRICS.sub(" ", expr)
    bare = re.sub(r"\b\d[\d.]*(?:e\d+|[smhd])?\b", " ", bare)
    return {name for name in _NAME.findall(bare) if name not in WORDS}


@dataclass(frozen=True, slots=True)
class Rule:
    """`name` of an alert or of what is recorded."""

    name: str
    expr: str
    kind: str
    fields: dict[str, Any]


@cache
def rules() -> tuple[Rule, ...]:
    found = []
    for path in sorted((PROMETHEUS / "rules").glob("*.yaml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            for fields in group["rules"]:
                kind = "alert" if "alert" in fields else "record"
                found.append(Rule(fields[kind], fields["expr"], kind, fields))
    return tuple(found)


def alerts() -> dict[str, Rule]:
    return {rule.name: rule for rule in rules() if rule.kind == "alert"}


def records() -> dict[str, Rule]:
    return {rule.name: rule for rule in rules() if rule.kind == "record"}


def boards() -> dict[str, dict[str, Any]]:
    """The shipped dashboards by their file's name."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(DASHBOARDS.glob("*.json"))}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that show something: not the rows between them."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def panel_queries() -> Iterator[tuple[str, str]]:
    """Where and what, for each query of each panel."""
    for name, board in boards().items():
        for panel in panels(board):
            for target in panel["targets"]:
                yield f"{name}: {panel['title']}: {target['refId']}", target["expr"]


@cache
def our_metrics() -> tuple[Metric, ...]:
    """Every metric of every process of ours: all modules that make one are imported."""
    makes_one = re.compile(r"registry=REGISTRY|REGISTRY\.register")
    for folder in PRODUCT:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if makes_one.search(path.read_text()):
                importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return tuple(REGISTRY.collect())


def known_series() -> set[str]:
    """The names under which Prometheus stores our metrics."""
    return {metric.name + ending for metric in our_metrics() for ending in ENDINGS[metric.type]}
