"""The Kubernetes manifests as they would be applied: rendered once each by kubectl, read by every test."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import yaml

from tests.contracts.deploy.processes import ROOT, SETTINGS

Manifest = dict[str, Any]
KUBERNETES = ROOT / "deploy/kubernetes"
FOLDERS = {
    "base": KUBERNETES / "base",
    "single-node": KUBERNETES / "overlays/single-node",
    "gpu": KUBERNETES / "overlays/gpu",
    "production": KUBERNETES / "overlays/production",
}
OVERLAYS = tuple(FOLDERS)
WITH_GPUS = ("gpu", "production")
COMPILED = {"VLLM_CACHE_ROOT", "TRITON_CACHE_DIR", "TORCHINDUCTOR_CACHE_DIR"}
"""Where libraries keep what they compiled."""
OF_LIBRARIES = {"HF_HUB_CACHE", "HF_HUB_OFFLINE", *COMPILED}
"""Variables that no settings class of ours reads, but a library does."""
SECRETS = {
    ("parley-keys", "API_KEYS"): "some-key-1,some-key-2",
    ("parley-keys", "ADMIN_KEYS"): "some-key-3",
    ("parley-redis", "REDIS_URL"): "rediss://user:password@redis.redis:6379/0",
}
"""What an operator might have put into the secrets that are asked for."""


@cache
def render(overlay: str) -> tuple[Manifest, ...]:
    """To be read, not changed: every test gets the same."""
    fetched = ROOT / ".tools/kubectl"  # where the system's is missing or too old: tests/prepare
    kubectl = str(fetched) if fetched.exists() else "kubectl"
    command = [kubectl, "kustomize", str(FOLDERS[overlay])]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert made.returncode == 0, made.stderr
    return tuple(yaml.load_all(made.stdout, Loader=yaml.CSafeLoader))


def of_kind(overlay: str, *kinds: str) -> dict[str, Manifest]:
    """By name."""
    return {m["metadata"]["name"]: m for m in render(overlay) if m["kind"] in kinds}


def pods(overlay: str) -> dict[str, Manifest]:
    """The template of each workload, by its name."""
    found = of_kind(overlay, "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod")
    return {name: manifest["spec"]["template"] for name, manifest in found.items()}


@dataclass(frozen=True)
class Container:
    """One of a pod; `first`: it runs before the others."""

    workload: str
    pod: Manifest
    spec: Manifest
    first: bool

    def __str__(self) -> str:
        return f"{self.workload}/{self.spec['name']}"


def containers(overlay: str) -> Iterator[Container]:
    for workload, template in pods(overlay).items():
        pod = template["spec"]
        assert not pod.get("ephemeralContainers")
        for kind in ("initContainers", "containers"):
            for spec in pod.get(kind, []):
                yield Container(workload, pod, spec, kind == "initContainers")


def main_container(overlay: str, name: str) -> Manifest:
    """The one whose process is ours."""
    (spec,) = pods(overlay)[name]["spec"]["containers"]
    assert spec["name"] == name
    return dict(spec)


def environment(overlay: str, spec: Manifest) -> dict[str, str]:
    """What the process would read; an optional secret is there where the operator is said to have made it."""
    values: dict[str, str] = {}
    for source in spec.get("envFrom", []):
        values |= of_kind(overlay, "ConfigMap")[source["configMapRef"]["name"]]["data"]
    for variable in spec.get("env", []):
        match variable:
            case {"name": name, "value": str(value)}:
                values[name] = value
            case {"name": name, "valueFrom": {"configMapKeyRef": {"name": kept, "key": key}}}:
                values[name] = of_kind(overlay, "ConfigMap")[kept]["data"][key]
            case {"name": name, "valueFrom": {"secretKeyRef": {"name": kept, "key": key, **rest}}}:
                if not rest.get("optional") or (kept, key) in SECRETS:
                    values[name] = SECRETS[kept, key]
            case _:
                raise AssertionError(f"{variable} is none of the ways in which variables are given here")
    return values


def settings_of(overlay: str, name: str) -> dict[str, Any]:
    """The settings that the process would read, by field name."""
    given = environment(overlay, main_container(overlay, name))
    fields: dict[str, Any] = {key.lower(): value for key, value in given.items() if key not in OF_LIBRARIES}
    return SETTINGS[name](**fields).model_dump()


def named_ports(spec: Manifest) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for port in spec.get("ports", [])}


def matches(selector: Manifest, labels: dict[str, str]) -> bool:
    """A label selector, as Kubernetes reads it; an empty one matches everything."""
    assert set(selector) <= {"matchLabels", "matchExpressions"}, selector
    wanted = selector.get("matchLabels", {})
    return all(labels.get(key) == value for key, value in wanted.items()) and all(
        _meets(expression, labels) for expression in selector.get("matchExpressions", [])
    )


def _meets(expression: Manifest, labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values", [])
    match expression["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise AssertionError(f"{other} is no operator")
