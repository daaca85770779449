"""The Kubernetes manifests are valid, keep every promise of security, and agree with the settings."""

import json
from copy import deepcopy
from typing import Any

import kubernetes_validate
import pytest
from pydantic import SecretStr, ValidationError

from chassis.addresses import ALL_OF
from cli.profiles import PROFILES
from gateway.settings import GatewaySettings, split
from tests.contracts.deploy.manifests import (
    KUBERNETES,
    OF_LIBRARIES,
    OVERLAYS,
    WITH_GPUS,
    Manifest,
    containers,
    environment,
    main_container,
    matches,
    named_ports,
    of_kind,
    pods,
    render,
    settings_of,
)
from tests.contracts.deploy.processes import ENGINES, ROOT, SERVICES, SETTINGS

OLDEST, NEWEST = "1.30", kubernetes_validate.latest_version()
OF_OTHERS = ("ScaledObject", "PodMonitor")
"""Kinds that Kubernetes itself does not know; tests of their own look at them."""

each_overlay = pytest.mark.parametrize("overlay", OVERLAYS)
each_with_gpus = pytest.mark.parametrize("overlay", WITH_GPUS)
each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))
each_service = pytest.mark.parametrize("name", SERVICES)


def all_different() -> list[Manifest]:
    """Of all overlays, each once."""
    known = {json.dumps(manifest, sort_keys=True): manifest for o in OVERLAYS for manifest in render(o)}
    return [manifest for manifest in known.values() if manifest["kind"] not in OF_OTHERS]


# ---------------------------------------------------------------------- form


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_valid(version: str) -> None:
    for manifest in all_different():
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("path", [("spec", "replica"), ("spec", "template", "spec", "restart")])
def test_a_field_that_does_not_exist_is_noticed(path: tuple[str, ...]) -> None:
    manifest: Any = deepcopy(of_kind("base", "Deployment")["stt"])
    at = manifest
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = 1
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(manifest, OLDEST, strict=True)


@each_overlay
def test_the_cluster_is_the_gateway_four_services_and_redis(overlay: str) -> None:
    expected = {*SETTINGS}
    expected |= {"redis"} if overlay != "production" else set()
    expected |= {"weights"} if overlay in WITH_GPUS else set()
    assert set(pods(overlay)) == expected
    assert set(of_kind(overlay, "Service")) == expected - {"weights"}


@each_overlay
def test_everything_is_in_the_namespace_and_that_lets_in_only_the_restricted(overlay: str) -> None:
    (space,) = of_kind(overlay, "Namespace").values()
    assert space["metadata"]["name"] == "parley"
    assert space["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    others = [manifest for manifest in render(overlay) if manifest["kind"] != "Namespace"]
    assert {manifest["metadata"]["namespace"] for manifest in others} == {"parley"}


@each_overlay
def test_selectors_find_their_own_pods_and_no_others(overlay: str) -> None:
    labels = {name: template["metadata"]["labels"] for name, template in pods(overlay).items()}
    for kind in ("Deployment", "StatefulSet", "PodDisruptionBudget"):
        for name, manifest in of_kind(overlay, kind).items():
            assert [n for n in labels if matches(manifest["spec"]["selector"], labels[n])] == [name]
    for name, service in of_kind(overlay, "Service").items():
        selector = {"matchLabels": service["spec"]["selector"]}
        assert [n for n in labels if matches(selector, labels[n])] == [name]
        ports = named_ports(main_container(overlay, name))
        assert all(ports[port["targetPort"]] == port["port"] for port in service["spec"]["ports"])


# ---------------------------------------------------------------------- security


@each_overlay
def test_a_container_has_no_capability_can_gain_none_and_writes_nothing_but_volumes(overlay: str) -> None:
    for container in containers(overlay):
        assert container.spec["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, container


@each_overlay
def test_a_pod_runs_as_an_ordinary_user_without_a_token_and_without_the_host(overlay: str) -> None:
    for name, template in pods(overlay).items():
        pod, user = template["spec"], 999 if name == "redis" else 10001
        assert pod["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert pod["automountServiceAccountToken"] is False
        # Else each Service puts a dozen variables into each pod, some of them named like settings.
        assert pod["enableServiceLinks"] is False
        shared = {"hostNetwork", "hostPID", "hostIPC", "hostUsers", "serviceAccountName", "hostAliases"}
        assert not shared & set(pod)


@each_overlay
def test_volumes_are_bounded_and_only_those_who_write_may_write(overlay: str) -> None:
    for container in containers(overlay):
        volumes = {volume["name"]: volume for volume in container.pod["volumes"]}
        assert {next(kind for kind in volume if kind != "name") for volume in volumes.values()} <= {
            "emptyDir",
            "configMap",
            "persistentVolumeClaim",
        }
        assert all("sizeLimit" in v["emptyDir"] for v in volumes.values() if "emptyDir" in v), container
        for mount in container.spec["volumeMounts"]:
            own = mount["mountPath"] in ("/tmp", "/dev/shm") or container.workload in ("redis", "weights")
            own = own or (container.workload, mount["name"]) == ("llm", "compiled")
            assert mount.get("readOnly", False) or own, f"{container} {mount['mountPath']}"


@each_overlay
def test_memory_is_reserved_in_full_and_the_processor_is_never_held_back(overlay: str) -> None:
    for container in containers(overlay):
        resources = container.spec["resources"]
        assert resources["requests"]["memory"] == resources["limits"]["memory"], container
        assert "cpu" in resources["requests"], container
        assert "cpu" not in resources["limits"], container


@each_overlay
def test_no_secret_is_written_down(overlay: str) -> None:
    assert not of_kind(overlay, "Secret")
    for container in containers(overlay):
        for variable in container.spec.get("env", []):
            name = variable["name"]
            field = SETTINGS.get(container.workload, GatewaySettings).model_fields.get(name.lower())
            if "value" in variable and ((field and field.annotation is SecretStr) or "TOKEN" in name):
                assert variable["value"] == "redis://redis:6379/0", f"{container} {name}"


@each_overlay
def test_whoever_knocks_is_asked_for_a_key(overlay: str) -> None:
    given = settings_of(overlay, "gateway")
    assert given["allow_anonymous"] is False
    assert given["api_keys"].get_secret_value()
    GatewaySettings(**given)
    with pytest.raises(ValidationError, match="set API_KEYS"):
        GatewaySettings(**{**given, "api_keys": SecretStr("")})


@each_overlay
def test_images_are_those_of_the_overlay(overlay: str) -> None:
    images = {(c.workload, c.spec["image"]) for c in containers(overlay)}
    tag = "cuda" if overlay in WITH_GPUS else "embedded"
    ours = {name: f"parley-{name}:{tag}" for name in ENGINES}
    ours |= {"gateway": "parley-gateway:latest", "analysis": "parley-analysis:latest"}
    if overlay == "production":
        ours = {name: f"registry.example.com/parley/{name}:0.2.0" for name in (*SETTINGS, "cli")}
        ours |= {name: f"{ours[name]}-cuda" for name in ENGINES}
    if overlay in WITH_GPUS:
        ours["weights"] = ours.pop("cli", "parley-cli:latest")
    if overlay != "production":
        ours["redis"] = "redis:7-bookworm"
    assert images == set(ours.items())


# ---------------------------------------------------------------------- settings


@each_overlay
@each_of_ours
def test_every_variable_is_a_setting_of_its_process_and_possible(overlay: str, name: str) -> None:
    given = environment(overlay, main_container(overlay, name))
    unknown = {key for key in given if key.lower() not in SETTINGS[name].model_fields}
    assert unknown <= OF_LIBRARIES, f"{name} has no such settings"
    assert len(given) == len(main_container(overlay, name)["env"]), "none is given twice"
    assert settings_of(overlay, name), "the settings class refuses what it cannot use"


@each_overlay
@each_service
def test_the_gateway_looks_for_every_pod_of_a_service_where_it_listens(overlay: str, name: str) -> None:
    settings = settings_of(overlay, name)
    assert split(settings_of(overlay, "gateway")[f"{name}_addresses"]) == (
        f"{ALL_OF}{name}:{settings['grpc_port']}",
    )
    assert settings["grpc_host"] == "0.0.0.0"
    assert named_ports(main_container(overlay, name))["grpc"] == settings["grpc_port"]
    service = of_kind(overlay, "Service")[name]["spec"]
    assert service["clusterIP"] == "None", "one address for all would lead every link to the same pod"
    assert service["publishNotReadyAddresses"] is True


@each_overlay
def test_the_door_is_where_it_is_looked_for(overlay: str) -> None:
    gateway = settings_of(overlay, "gateway")
    assert (gateway["host"], gateway["port"]) == ("0.0.0.0", 8000)
    assert named_ports(main_container(overlay, "gateway"))["http"] == 8000
    kind = of_kind(overlay, "Service")["gateway"]["spec"].get("type", "ClusterIP")
    assert kind == ("NodePort" if overlay == "single-node" else "ClusterIP")


@each_overlay
@each_of_ours
def test_metrics_can_be_read_from_outside_the_pod(overlay: str, name: str) -> None:
    settings = settings_of(overlay, name)
    assert (settings["metrics_host"], settings["metrics_port"]) == ("0.0.0.0", 9464)
    assert named_ports(main_container(overlay, name))["metrics"] == 9464


@each_overlay
def test_the_engines_are_those_of_the_profile(overlay: str) -> None:
    profile = PROFILES["gpu" if overlay in WITH_GPUS else "embedded"]
    given = {name: environment(overlay, main_container(overlay, name)) for name in SERVICES}
    assert settings_of(overlay, "gateway")["profile"] == ("gpu" if overlay in WITH_GPUS else "embedded")
    for variable, value in profile.items():
        assert given[variable.partition("_")[0].lower()][variable] == value


@each_overlay
def test_all_who_use_redis_use_the_same_and_the_analysis_asks_the_model_that_the_gateway_asks(
    overlay: str,
) -> None:
    gateway, analysis = settings_of(overlay, "gateway"), settings_of(overlay, "analysis")
    url = gateway["redis_url"].get_secret_value()
    assert analysis["redis_url"].get_secret_value() == url
    assert analysis["memory_ttl_s"] == gateway["memory_ttl_s"]
    assert analysis["llm_addresses"] == gateway["llm_addresses"]
    leases = {settings_of(overlay, name)["gpu_lease_redis_url"].get_secret_value() for name in ENGINES}
    assert leases == {url if overlay in WITH_GPUS else ""}


def test_redis_reads_the_file_that_it_reads_elsewhere() -> None:
    kept = (ROOT / "deploy/redis/redis.conf").read_text()
    assert (KUBERNETES / "base/redis.conf").read_text() == kept
    for overlay in ("base", "single-node", "gpu"):
        pod = pods(overlay)["redis"]["spec"]
        source = next(v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v)
        assert of_kind(overlay, "ConfigMap")[source]["data"] == {"redis.conf": kept}
        (container,) = pod["containers"]
        mounts = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert container["command"] == ["redis-server", "/usr/local/etc/redis/redis.conf"]
        assert {"/usr/local/etc/redis", "/data"} <= mounts
        assert "maxmemory 256mb" in kept, "half of what the pod has, for rewriting the log forks"
        assert container["resources"]["limits"]["memory"] == "512Mi"
