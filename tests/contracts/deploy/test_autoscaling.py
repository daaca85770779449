"""The production overlay grows with its sessions, at once, and shrinks slowly."""

import math
import re
from collections.abc import Sequence
from importlib import import_module
from itertools import pairwise

import pytest

from chassis.metrics import REGISTRY
from engine_room.service_process import MAX_STREAMS
from tests.contracts.deploy.manifests import Manifest, of_kind, pods
from tests.contracts.deploy.processes import ENGINES

PRODUCTION = "production"
SCALED = ("gateway", *ENGINES)
TAKEN = {"gateway": "parley_sessions", **dict.fromkeys(ENGINES, "parley_slots_used")}
PLACES = {"gateway": "parley_sessions_limit", **dict.fromkeys(ENGINES, "parley_slots")}
STREAMS = 2
"""That a gateway holds to each replica: its lanes, and the watch of the status."""

each_scaled = pytest.mark.parametrize("name", SCALED)


def spec_of(name: str) -> Manifest:
    return dict(of_kind(PRODUCTION, "ScaledObject")[name]["spec"])


def trigger_of(name: str) -> Manifest:
    (trigger,) = spec_of(name)["triggers"]
    return dict(trigger)


def behaviour_of(name: str) -> Manifest:
    return dict(spec_of(name)["advanced"]["horizontalPodAutoscalerConfig"]["behavior"])


def test_whatever_holds_conversations_is_scaled_and_nobody_else_says_how_many_there_are() -> None:
    assert set(of_kind(PRODUCTION, "ScaledObject")) == set(SCALED)
    assert not of_kind(PRODUCTION, "HorizontalPodAutoscaler")
    for name in SCALED:
        assert "replicas" not in of_kind(PRODUCTION, "Deployment")[name]["spec"]
        assert spec_of(name)["scaleTargetRef"] == {"name": name}


@each_scaled
def test_the_form_is_kedas(name: str) -> None:
    spec, trigger = spec_of(name), trigger_of(name)
    assert of_kind(PRODUCTION, "ScaledObject")[name]["apiVersion"] == "keda.sh/v1alpha1"
    assert set(spec) == {
        "scaleTargetRef",
        "minReplicaCount",
        "maxReplicaCount",
        "pollingInterval",
        "advanced",
        "triggers",
    }
    assert (trigger["type"], trigger["metricType"]) == ("prometheus", "AverageValue")
    assert all(isinstance(value, str) for value in trigger["metadata"].values()), "KEDA takes text alone"
    assert set(trigger["metadata"]) == {"serverAddress", "threshold", "ignoreNullValues", "query"}


@each_scaled
def test_it_is_scaled_by_places_taken_never_by_the_processor(name: str) -> None:
    here = f'{{namespace="parley",service="{name}"}}'
    metadata = trigger_of(name)["metadata"]
    assert metadata["query"].strip() == (
        f"(sum({TAKEN[name]}{here}) or vector(0)) / avg({PLACES[name]}{here})"
    )
    assert metadata["threshold"] == "0.7"


@each_scaled
def test_what_is_asked_of_prometheus_is_measured(name: str) -> None:
    for module in ("engine_room.engine_gauges", "gateway.door.metrics", "gateway.session.metrics"):
        import_module(module)
    measured = {family.name for family in REGISTRY.collect()}
    asked = set(re.findall(r"parley_\w+", trigger_of(name)["metadata"]["query"]))
    assert asked == {TAKEN[name], PLACES[name]}
    assert asked <= measured


@each_scaled
def test_a_prometheus_that_is_away_changes_nothing(name: str) -> None:
    """No answer is taken for a failure, not for zero; and what is asked has none when nobody measures."""
    assert trigger_of(name)["metadata"]["ignoreNullValues"] == "false"
    assert not re.search(r"avg\(.*\) or ", trigger_of(name)["metadata"]["query"])


@each_scaled
def test_it_grows_at_once_and_shrinks_one_by_one(name: str) -> None:
    behaviour = behaviour_of(name)
    assert behaviour["scaleUp"] == {"stabilizationWindowSeconds": 30}
    assert behaviour["scaleDown"] == {
        "stabilizationWindowSeconds": 900,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
    }


def replay(name: str, loads: Sequence[float], step_s: int = 15) -> list[int]:
    """Kubernetes' arithmetic on a trace: `loads` in pods' worth of places, one each `step_s`."""
    spec, behaviour = spec_of(name), behaviour_of(name)
    threshold = float(trigger_of(name)["metadata"]["threshold"])
    up = behaviour["scaleUp"]["stabilizationWindowSeconds"] // step_s
    down = behaviour["scaleDown"]["stabilizationWindowSeconds"] // step_s
    (policy,) = behaviour["scaleDown"]["policies"]
    now, wanted, counts = spec["minReplicaCount"], [], [spec["minReplicaCount"]]
    for load in loads:
        wanted.append(min(max(math.ceil(load / threshold), spec["minReplicaCount"]), spec["maxReplicaCount"]))
        grown, shrunk = min(wanted[-up - 1 :]), max(wanted[-down - 1 :])
        before = counts[-(policy["periodSeconds"] // step_s) :][0]
        now = max(now, grown) if grown > now else max(min(now, shrunk), before - policy["value"])
        counts.append(now)
    return counts[1:]


@each_scaled
def test_a_wave_is_met_and_a_ripple_is_not(name: str) -> None:
    quiet, rush = [1.0] * 8, [3.5] * 40
    counts = replay(name, [*quiet, *rush, *quiet * 10])
    assert counts[7] == 2
    assert counts[8 + 2] == 5, "half a minute after the rush began"
    ended = 8 + 40
    assert counts[ended + 50] == 5, "a quarter of an hour is not over"
    assert counts[-1] == 2
    assert all(before - after <= 1 for before, after in pairwise(counts))
    assert replay(name, [1.0, 3.5, 1.0, 1.0])[-1] == 2


def test_every_replica_has_room_for_the_streams_of_all_gateways_twice_over() -> None:
    """In a rollout those that leave are there as well."""
    most = spec_of("gateway")["maxReplicaCount"]
    assert 2 * STREAMS * most + 2 * spec_of("llm")["maxReplicaCount"] < MAX_STREAMS / 2


def test_every_process_is_measured_under_its_own_name() -> None:
    (monitor,) = of_kind(PRODUCTION, "PodMonitor").values()
    assert monitor["apiVersion"] == "monitoring.coreos.com/v1"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == "metrics"
    assert endpoint["relabelings"] == [
        {"sourceLabels": ["__meta_kubernetes_pod_label_app_kubernetes_io_name"], "targetLabel": "service"}
    ]
    (rule,) = monitor["spec"]["selector"]["matchExpressions"]
    with_metrics = {
        template["metadata"]["labels"]["app.kubernetes.io/name"]
        for template in pods(PRODUCTION).values()
        if any(
            port["name"] == "metrics" for c in template["spec"]["containers"] for port in c.get("ports", [])
        )
    }
    assert set(rule["values"]) == with_metrics
