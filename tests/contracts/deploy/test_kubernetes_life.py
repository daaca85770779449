"""Pods come, are asked how they are, leave and are replaced without a conversation being cut."""

from typing import Any

import pytest

from engine_room.service_process import ALIVE, STOP_GRACE_S
from gateway.app import LAST_WRITES_S, LEAVE_S
from tests.contracts.deploy.manifests import (
    OVERLAYS,
    Manifest,
    main_container,
    named_ports,
    of_kind,
    pods,
    settings_of,
)
from tests.contracts.deploy.processes import ENGINES, SERVICES, SETTINGS

UNLOAD_S = 10.0
"""What an engine may take to give its memory back; the figure is a guess on the safe side."""
SCALED = ("gateway", *ENGINES)

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))
each_service = pytest.mark.parametrize("name", SERVICES)


def pause_s(overlay: str, name: str) -> float:
    """preStop's, which is counted into the grace period."""
    hook = main_container(overlay, name).get("lifecycle", {})
    if not hook:
        return 0
    assert set(hook) == {"preStop"}
    assert set(hook["preStop"]) == {"sleep"}
    return float(hook["preStop"]["sleep"]["seconds"])


def leaving_s(overlay: str, name: str) -> float:
    """The longest time from SIGTERM to the end of the process."""
    drain_s: float = settings_of(overlay, name)["drain_s"]
    return drain_s + (2 * LEAVE_S + LAST_WRITES_S if name == "gateway" else STOP_GRACE_S + UNLOAD_S)


def grace_s(overlay: str, name: str) -> float:
    return float(pods(overlay)[name]["spec"]["terminationGracePeriodSeconds"])


def lasts_s(probe: Manifest) -> float:
    return float(probe["periodSeconds"] * probe["failureThreshold"])


def replicas(overlay: str, name: str) -> int:
    scaled = of_kind(overlay, "ScaledObject").get(name)
    if scaled is not None:
        return int(scaled["spec"]["minReplicaCount"])
    return int(of_kind(overlay, "Deployment", "StatefulSet")[name]["spec"]["replicas"])


# ---------------------------------------------------------------------- leaving


@each_overlay
@each_of_ours
def test_a_process_has_time_to_drain_before_it_is_killed(overlay: str, name: str) -> None:
    assert grace_s(overlay, name) > pause_s(overlay, name) + leaving_s(overlay, name) + 5


@each_overlay
def test_a_conversation_has_a_quarter_of_an_hour_and_the_door_stays_open_until_nobody_is_sent_there(
    overlay: str,
) -> None:
    assert settings_of(overlay, "gateway")["drain_s"] == 900
    assert pause_s(overlay, "gateway") == 10
    assert grace_s(overlay, "gateway") == 930


@each_overlay
@each_service
def test_a_service_stays_for_as_long_as_a_gateway_that_leaves_with_it(overlay: str, name: str) -> None:
    gateway_s = pause_s(overlay, "gateway") + leaving_s(overlay, "gateway")
    assert settings_of(overlay, name)["drain_s"] >= gateway_s


# ---------------------------------------------------------------------- probes


@each_overlay
def test_the_gateway_is_asked_whether_it_lives_and_whether_it_takes_anybody_in(overlay: str) -> None:
    """Liveness asks what depends on nothing else: a Redis or a service that is away restarts no pod."""
    container = main_container(overlay, "gateway")
    for kind, path in (("startup", "/health"), ("liveness", "/health"), ("readiness", "/ready")):
        assert container[f"{kind}Probe"]["httpGet"] == {"path": path, "port": "http"}


@each_overlay
@each_service
def test_a_service_is_asked_whether_its_loop_turns_and_whether_its_model_is_warm(
    overlay: str, name: str
) -> None:
    container = main_container(overlay, name)
    port = named_ports(container)["grpc"]
    assert container["startupProbe"]["grpc"] == {"port": port}
    assert container["readinessProbe"]["grpc"] == {"port": port}
    assert container["livenessProbe"]["grpc"] == {"port": port, "service": ALIVE}
    assert settings_of(overlay, name)["preload"] is True, "else it would never be warm by itself"


@each_overlay
@each_of_ours
def test_a_process_that_hangs_is_replaced_soon_and_one_that_is_slow_is_not(overlay: str, name: str) -> None:
    container = main_container(overlay, name)
    live, ready = container["livenessProbe"], container["readinessProbe"]
    assert 30 <= lasts_s(live) <= 60
    # The pod's own grace period is for those who drain; one that hangs would sit through it.
    assert live["terminationGracePeriodSeconds"] == 30
    assert lasts_s(ready) <= 6
    assert all(probe["timeoutSeconds"] <= probe["periodSeconds"] for probe in (live, ready))
    assert lasts_s(container["startupProbe"]) >= 60


@pytest.mark.parametrize("overlay", ["base", "single-node", "gpu"])
def test_redis_is_not_killed_while_it_reads_its_log_and_not_used_before_it_has(overlay: str) -> None:
    container = main_container(overlay, "redis")
    for kind in ("startup", "liveness"):
        assert container[f"{kind}Probe"]["exec"]["command"] == ["redis-cli", "ping"]
    assert container["readinessProbe"]["exec"]["command"] == [
        "sh",
        "-c",
        'test "$(redis-cli ping)" = PONG',
    ]


# ---------------------------------------------------------------------- being spared


@each_overlay
@each_of_ours
def test_a_disruption_takes_one_at_most_and_a_single_pod_is_not_held_fast(overlay: str, name: str) -> None:
    budgets = of_kind(overlay, "PodDisruptionBudget")
    if replicas(overlay, name) == 1:
        assert name not in budgets, "it would keep its node from ever being emptied"
        return
    rule = dict(budgets[name]["spec"])
    del rule["selector"]
    amount: dict[str, Any] = {"maxUnavailable": 1} if name == "gateway" else {"minAvailable": 1}
    assert rule == {**amount, "unhealthyPodEvictionPolicy": "AlwaysAllow"}


def test_how_many_there_are() -> None:
    counts = {overlay: [replicas(overlay, name) for name in (*SCALED, "analysis")] for overlay in OVERLAYS}
    assert counts == {
        "base": [2, 2, 2, 2, 2],
        "single-node": [1, 1, 1, 1, 1],
        "gpu": [2, 1, 1, 1, 2],
        "production": [2, 2, 2, 2, 2],
    }


@each_overlay
@each_of_ours
def test_pods_of_a_kind_go_to_different_nodes_and_zones_where_there_are_any(overlay: str, name: str) -> None:
    spread = pods(overlay)[name]["spec"]["topologySpreadConstraints"]
    assert [part["topologyKey"] for part in spread] == [
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    ]
    for part in spread:
        assert (part["maxSkew"], part["whenUnsatisfiable"]) == (1, "ScheduleAnyway")
        assert part["labelSelector"] == {"matchLabels": {"app.kubernetes.io/name": name}}


@each_overlay
def test_a_rollout_of_the_gateway_never_has_fewer_than_before(overlay: str) -> None:
    strategy = of_kind(overlay, "Deployment")["gateway"]["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
