"""The network lets through exactly the arrows of the flow, and each line of the policies is needed for it."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from tests.contracts.deploy.manifests import OVERLAYS, Manifest, pods
from tests.contracts.deploy.network import (
    NEWCOMER,
    OURS,
    OUTSIDERS,
    Arrow,
    Flow,
    flow_of,
    places_of,
    policies_of,
    rules_of,
)
from tests.contracts.deploy.processes import ENGINES, SERVICES

PORTS = {"stt": "50051/TCP", "llm": "50052/TCP", "tts": "50053/TCP", "analysis": "50054/TCP"}
REDIS = "6379/TCP"
METRICS = "9464/TCP"


def declared(overlay: str) -> set[Arrow]:
    """The flow, drawn by hand."""
    redis = "redis elsewhere" if overlay == "production" else "redis"
    flow = {("gateway", service, port) for service, port in PORTS.items()}
    flow |= {("analysis", "llm", PORTS["llm"]), ("gateway", redis, REDIS), ("analysis", redis, REDIS)}
    flow |= {(outsider.name, "gateway", "8000/TCP") for outsider in OUTSIDERS}
    flow |= {("prometheus", process, METRICS) for process in ("gateway", *SERVICES)}
    flow |= {
        (pod, "kube-dns", port) for pod in (*pods(overlay), NEWCOMER.name) for port in ("53/UDP", "53/TCP")
    }
    if overlay in ("gpu", "production"):
        flow |= {(service, redis, REDIS) for service in ENGINES}
        flow |= {("weights", "internet", "443/TCP")}
    return flow


def found(overlay: str, policies: list[Manifest] | None = None) -> Flow:
    return flow_of(policies_of(overlay) if policies is None else policies, places_of(overlay))


def expected(overlay: str) -> Flow:
    """Each arrow is said at both of its ends; only the door does not ask who is there."""
    ours = {*pods(overlay), NEWCOMER.name}
    flow = declared(overlay)
    knocks = {(pod, "gateway", "8000/TCP") for pod in ours - {"gateway"}}
    return Flow(
        {arrow for arrow in flow if arrow[0] in ours},
        {arrow for arrow in flow if arrow[1] in ours} | knocks,
        flow,
    )


each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)


@each_overlay
def test_exactly_the_declared_arrows_are_open(overlay: str) -> None:
    assert found(overlay).through == declared(overlay)


@each_overlay
def test_each_arrow_is_said_at_both_of_its_ends(overlay: str) -> None:
    assert found(overlay) == expected(overlay)


@each_overlay
def test_every_pod_is_held_in_both_directions_before_anything_is_allowed(overlay: str) -> None:
    (wall,) = [policy for policy in policies_of(overlay) if policy["metadata"]["name"] == "nothing-else"]
    assert wall["spec"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    assert found(overlay, [wall]) == Flow(set(), set(), set())


@each_overlay
def test_every_policy_says_which_directions_it_is_about(overlay: str) -> None:
    for policy in policies_of(overlay):
        directions = {direction for direction in ("ingress", "egress") if rules_of(policy, direction)}
        types = {kind.lower() for kind in policy["spec"]["policyTypes"]}
        assert directions <= types
        assert policy["metadata"]["namespace"] == OURS


def poorer(policies: list[Manifest]) -> Iterator[tuple[str, list[Manifest]]]:
    """The policies with one rule, one peer, one port or one exception taken away, and what that was."""
    for number, policy in enumerate(policies):
        for direction in ("ingress", "egress"):
            for place, rule in enumerate(rules_of(policy, direction)):
                name = f"{policy['metadata']['name']}: {direction} {place}"
                copy = deepcopy(policies)
                del copy[number]["spec"][direction][place]
                yield name, copy
                for path in parts_of(rule):
                    copy = deepcopy(policies)
                    remove(copy[number]["spec"][direction][place], path)
                    yield f"{name} {path}", copy


def parts_of(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of each entry of each list, and of each selector, however deep."""
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        if isinstance(value, list) or step in ("podSelector", "namespaceSelector"):
            yield (*path, step)
        yield from parts_of(inner, (*path, step))


def remove(value: Any, path: tuple[Any, ...]) -> None:
    for step in path[:-1]:
        value = value[step]
    del value[path[-1]]


@each_overlay
def test_whatever_is_taken_away_is_noticed(overlay: str) -> None:
    """Also: no line is idle, so that who reads the policies reads the flow."""
    right, tried = expected(overlay), 0
    for what, policies in poorer(policies_of(overlay)):
        assert found(overlay, policies) != right, f"{what} is not needed"
        tried += 1
    assert tried > 60


@each_overlay
def test_a_rule_that_is_taken_away_takes_an_arrow_away(overlay: str) -> None:
    policies = policies_of(overlay)
    for number, policy in enumerate(policies):
        for direction in ("ingress", "egress"):
            for place in range(len(rules_of(policy, direction))):
                fewer = deepcopy(policies)
                del fewer[number]["spec"][direction][place]
                assert found(overlay, fewer).through < declared(overlay), policy["metadata"]["name"]


@each_overlay
@pytest.mark.parametrize("rule", [{}, {"ports": [{"port": 22}]}, {"ports": [{"port": 53}]}])
def test_whatever_is_added_is_noticed(overlay: str, rule: Manifest) -> None:
    policies, right = policies_of(overlay), expected(overlay)
    for number, policy in enumerate(policies):
        for kind in policy["spec"]["policyTypes"]:
            richer = deepcopy(policies)
            richer[number]["spec"].setdefault(kind.lower(), []).append(rule)
            now = found(overlay, richer)
            assert now.through > right.through, f"{policy['metadata']['name']}: {rule}"


@each_overlay
@pytest.mark.parametrize(
    "spec",
    [
        {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{}]},
        {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [{}]},
        {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "stt"}},
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}], "ports": [{"port": 443}]}],
        },
        {
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": "gateway"}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"namespaceSelector": {}}], "ports": [{"port": 9464}]}],
        },
    ],
)
def test_a_further_policy_that_opens_something_is_noticed(overlay: str, spec: Manifest) -> None:
    further = {"kind": "NetworkPolicy", "metadata": {"name": "further", "namespace": OURS}, "spec": spec}
    assert found(overlay, [*policies_of(overlay), further]).through > declared(overlay)


@each_overlay
def test_a_missing_wall_is_noticed(overlay: str) -> None:
    """Without it a pod that has no policy of its own is open."""
    rest = [policy for policy in policies_of(overlay) if policy["metadata"]["name"] != "nothing-else"]
    assert found(overlay, rest).through > declared(overlay)
