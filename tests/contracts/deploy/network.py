"""Who may speak to whom, worked out from network policies as Kubernetes reads them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

from tests.contracts.deploy.manifests import Manifest, matches, pods, render

NAME = "app.kubernetes.io/name"
NAMESPACE = "kubernetes.io/metadata.name"
OURS = "parley"


@dataclass(frozen=True)
class Place:
    """A pod, or, without a namespace, an address outside the cluster."""

    name: str
    namespace: str
    ip: str
    labels: dict[str, str] = field(hash=False)


OUTSIDERS = (
    Place("internet", "", "203.0.113.9", {}),
    Place("neighbour", "default", "10.9.0.1", {}),
    # Labelled as ours are, in a namespace that is not.
    Place("impostor", "default", "10.9.0.2", {NAME: "gateway"}),
    Place("prometheus", "monitoring", "10.9.0.3", {NAME: "prometheus"}),
    Place("grafana", "monitoring", "10.9.0.4", {NAME: "grafana"}),
    Place("false prometheus", "default", "10.9.0.5", {NAME: "prometheus"}),
    Place("kube-dns", "kube-system", "10.9.0.6", {"k8s-app": "kube-dns"}),
    Place("kube-apiserver", "kube-system", "10.9.0.7", {"component": "kube-apiserver"}),
    Place("false kube-dns", "default", "10.9.0.8", {"k8s-app": "kube-dns"}),
    Place("redis elsewhere", "redis", "10.9.0.9", {NAME: "redis"}),
    Place("redis's neighbour", "redis", "10.9.0.10", {}),
    Place("metadata", "", "169.254.169.254", {}),
    Place("office", "", "192.168.1.1", {}),
    Place("another office", "", "172.16.1.1", {}),
    Place("carrier", "", "100.64.1.1", {}),
)
NEWCOMER = Place("newcomer", OURS, "10.8.1.1", {NAME: "newcomer"})
"""A pod in our namespace that nobody has thought of."""
Port = tuple[int, str]
Arrow = tuple[str, str, str]
"""From, to, and port with protocol, such as 53/UDP."""


def policies_of(overlay: str) -> list[Manifest]:
    return [manifest for manifest in render(overlay) if manifest["kind"] == "NetworkPolicy"]


def places_of(overlay: str) -> tuple[Place, ...]:
    ours = (
        Place(name, OURS, f"10.8.0.{number}", template["metadata"]["labels"])
        for number, (name, template) in enumerate(pods(overlay).items(), 1)
    )
    return (*ours, NEWCOMER, *OUTSIDERS)


@dataclass(frozen=True)
class Flow:
    """Connections with one of ours at an end: what ours let out, what ours let in, and what is let through.

    Whoever is not ours lets everything through.
    """

    out: set[Arrow]
    come: set[Arrow]
    through: set[Arrow]


def flow_of(policies: Sequence[Manifest], places: Sequence[Place]) -> Flow:
    """On the ports that are named anywhere, and on some that are not."""
    ports = {(80, "TCP"), (443, "TCP"), (22, "TCP"), (443, "UDP"), (9, "SCTP")} | _named(policies)
    ours = [place for place in places if place.namespace == OURS]
    out = {
        (here.name, there.name, f"{port}/{protocol}")
        for here in ours
        for there, port, protocol in _open(policies, "egress", here, places, ports)
    }
    come = {
        (there.name, here.name, f"{port}/{protocol}")
        for here in ours
        for there, port, protocol in _open(policies, "ingress", here, places, ports)
    }
    names = {place.name for place in ours}
    through = {
        (source, target, port)
        for source, target, port in out | come
        if ((source, target, port) in out or source not in names)
        and ((source, target, port) in come or target not in names)
    }
    return Flow(out, come, through)


def rules_of(policy: Manifest, direction: str) -> list[Any]:
    return list(policy["spec"].get(direction) or [])


def _named(policies: Sequence[Manifest]) -> set[Port]:
    return {
        (entry["port"], protocol)
        for policy in policies
        for direction in ("ingress", "egress")
        for rule in rules_of(policy, direction)
        for entry in rule.get("ports", [])
        if "port" in entry
        for protocol in ("TCP", "UDP")
    }


def _open(
    policies: Sequence[Manifest], direction: str, here: Place, places: Sequence[Place], ports: set[Port]
) -> set[tuple[Place, int, str]]:
    """Whom `here` lets through, and on which ports; without a policy about it, everything."""
    others = [place for place in places if place != here]
    about = [policy for policy in policies if _selects(policy, direction, here)]
    if not about:
        return {(place, *port) for place in others for port in ports}
    return {
        (place, *port)
        for policy in about
        for rule in rules_of(policy, direction)
        for place in others
        if _has_peer(policy, rule, direction, place)
        for port in ports
        if _has_port(rule, *port)
    }


def _selects(policy: Manifest, direction: str, place: Place) -> bool:
    spec = policy["spec"]
    return (
        place.namespace == policy["metadata"]["namespace"]
        and direction.capitalize() in spec["policyTypes"]
        and matches(spec["podSelector"], place.labels)
    )


def _has_peer(policy: Manifest, rule: Manifest, direction: str, place: Place) -> bool:
    peers = rule.get("from" if direction == "ingress" else "to")
    return not peers or any(_is_peer(peer, policy["metadata"]["namespace"], place) for peer in peers)


def _is_peer(peer: Manifest, home: str, place: Place) -> bool:
    if not peer:
        return True  # the API refuses it; a reader takes it for anybody
    if (block := peer.get("ipBlock")) is not None:
        address = ip_address(place.ip)
        return address in ip_network(block["cidr"]) and not any(
            address in ip_network(part) for part in block.get("except", [])
        )
    if not place.namespace:
        return False
    namespaces = peer.get("namespaceSelector")
    if namespaces is None:
        near = place.namespace == home
    else:
        near = matches(namespaces, {NAMESPACE: place.namespace})
    return near and matches(peer.get("podSelector") or {}, place.labels)


def _has_port(rule: Manifest, port: int, protocol: str) -> bool:
    ports = rule.get("ports")
    return not ports or any(
        entry.get("protocol", "TCP") == protocol and entry.get("port", port) == port for entry in ports
    )
