"""The compose files keep every promise of security and order, and agree with the settings."""

import math

import pytest
from pydantic import ValidationError

from gateway.settings import GatewaySettings
from tests.contracts.deploy.compose import COMPOSE, CONTAINERS, mebibytes, read, seconds, settings_of
from tests.contracts.deploy.processes import ENGINES, ROOT, SERVICES, SETTINGS

OWNERS = {"redis": "999:999", "prometheus": "65534:65534", "grafana": "472:0"}
"""Users of images that are not ours: their data folders belong to them."""
WRITABLE = {
    "gateway": ["gateway-state:/state"],
    "redis": ["redis-data:/data"],
    "prometheus": ["prometheus-data:/prometheus"],
    "grafana": ["grafana-data:/var/lib/grafana"],
}
PUBLISHED = {"gateway": ["127.0.0.1:8000:8000"], "grafana": ["127.0.0.1:3000:3000"]}

each_service = pytest.mark.parametrize("name", sorted(CONTAINERS))
each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))


def redis_conf() -> dict[str, str]:
    lines = (ROOT / "deploy/redis/redis.conf").read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


# ---------------------------------------------------------------------- security


def test_the_cluster_is_the_gateway_four_services_redis_and_who_watches() -> None:
    assert set(CONTAINERS) == {*SETTINGS, "redis", "prometheus", "grafana"}


@each_service
def test_a_container_has_no_capability_and_can_gain_none(name: str) -> None:
    service = CONTAINERS[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged", False)
    assert service["security_opt"] == ["no-new-privileges:true"]


@each_service
def test_a_container_cannot_write_but_to_memory_and_its_volume(name: str) -> None:
    service = CONTAINERS[name]
    assert service["read_only"] is True
    assert all("size=" in mount for mount in service["tmpfs"]), "a tmpfs needs a bound"
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    writable = [mount for mount in service.get("volumes", []) if not mount.endswith(":ro")]
    assert writable == WRITABLE.get(name, [])


@each_service
def test_a_container_runs_as_an_ordinary_user(name: str) -> None:
    assert CONTAINERS[name]["user"] == OWNERS.get(name, "10001:10001")


@each_service
def test_a_container_shares_nothing_of_the_host(name: str) -> None:
    shared = {
        "network_mode",
        "pid",
        "ipc",
        "userns_mode",
        "devices",
        "env_file",
        "extra_hosts",
        "cgroup_parent",
    }
    assert not shared & set(CONTAINERS[name])
    assert not any("docker.sock" in mount for mount in CONTAINERS[name].get("volumes", []))


@each_service
def test_a_container_has_bounds(name: str) -> None:
    service = CONTAINERS[name]
    assert 128 <= mebibytes(service["mem_limit"]) <= 4096
    assert 0 < service["pids_limit"] <= 1024
    assert "ulimits" not in service, (
        "a machine that grants less would not start it; each process asks for itself"
    )


@each_service
def test_a_container_comes_back_and_reaps_its_children(name: str) -> None:
    assert CONTAINERS[name]["restart"] == "unless-stopped"
    assert CONTAINERS[name]["init"] is True


@each_service
def test_only_the_gateway_and_grafana_are_published_and_only_on_loopback(name: str) -> None:
    assert CONTAINERS[name].get("ports", []) == PUBLISHED.get(name, [])


@each_service
def test_only_what_is_published_is_on_a_network_with_a_way_out(name: str) -> None:
    """A container without one cannot be published."""
    assert COMPOSE["networks"]["private"] == {"internal": True}
    assert CONTAINERS[name]["networks"] == (["public", "private"] if name in PUBLISHED else ["private"])


def test_whoever_looks_at_grafana_can_change_nothing_and_has_no_password_to_guess() -> None:
    environment = CONTAINERS["grafana"]["environment"]
    assert environment["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert environment["GF_AUTH_DISABLE_LOGIN_FORM"] == "true"
    assert environment["GF_AUTH_BASIC_ENABLED"] == "false"


def test_beyond_this_machine_nobody_comes_in_without_a_key() -> None:
    files = "docker-compose.yaml:deploy/compose/public.yaml"
    keyless = read(COMPOSE_FILE=files)  # no key is needed to take it down, or to look at it
    with pytest.raises(ValidationError, match="set API_KEYS"):
        GatewaySettings(**settings_of("gateway", keyless))
    gateway = read(COMPOSE_FILE=files, API_KEYS="one,two")["services"]["gateway"]
    assert gateway["ports"] == ["127.0.0.1:8000:8000", "0.0.0.0:8080:8000"]
    assert (gateway["environment"]["ALLOW_ANONYMOUS"], gateway["environment"]["API_KEYS"]) == (
        "false",
        "one,two",
    )


def test_nobody_is_asked_for_a_key_only_where_nobody_else_can_come_in() -> None:
    """ALLOW_ANONYMOUS stands or falls with the loopback port; the file says why beside it."""
    assert settings_of("gateway", COMPOSE)["allow_anonymous"] is True
    assert all(port.startswith("127.0.0.1:") for port in CONTAINERS["gateway"]["ports"])
    text = (ROOT / "docker-compose.yaml").read_text()
    before = text[: text.index("ALLOW_ANONYMOUS:")]
    assert "published on the loopback address" in before.splitlines()[-3] + before.splitlines()[-4]


def test_only_who_asks_for_it_lets_the_language_model_out() -> None:
    files = "docker-compose.yaml:deploy/compose/outside.yaml"
    assert read(COMPOSE_FILE=files)["services"]["llm"]["networks"] == ["private", "public"]


def test_traces_go_to_a_receiver_that_every_process_reaches() -> None:
    services = read(COMPOSE_FILE="docker-compose.yaml:deploy/compose/tracing.yaml")["services"]
    for name in SETTINGS:
        assert services[name]["environment"]["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://jaeger:4318"
        assert set(services[name]["networks"]) & set(services["jaeger"]["networks"])
    assert services["jaeger"]["ports"] == ["127.0.0.1:16686:16686"]
    assert services["jaeger"]["read_only"] is True


# ---------------------------------------------------------------------- order and health


def test_the_gateway_starts_when_all_that_it_needs_are_healthy() -> None:
    waits_for = CONTAINERS["gateway"]["depends_on"]
    needed = {*SERVICES, "redis"} - {"analysis"}
    healthy = {name: {"condition": "service_healthy"} for name in needed}
    assert waits_for == {**healthy, "analysis": {"condition": "service_started"}}


@each_service
def test_health_is_asked_often_enough_and_bounded(name: str) -> None:
    check = CONTAINERS[name]["healthcheck"]
    assert seconds(check["interval"]) <= 10
    if name in ENGINES:  # the probe waits with a model that loads, and for nothing else
        assert seconds(check["timeout"]) >= 60
        told_s = seconds(check["start_period"]) + int(check["retries"]) * seconds(check["interval"])
        assert told_s <= 60, "a model that could not be loaded, to those who wait for it"
    else:
        assert seconds(check["timeout"]) < seconds(check["interval"])
    assert int(check["retries"]) == 3
    assert not check.get("disable", False)


@each_of_ours
def test_health_is_asked_at_the_port_that_is_listened_on(name: str) -> None:
    settings = settings_of(name, COMPOSE)
    target = f"127.0.0.1:{settings.get('grpc_port', settings.get('port'))}"
    if name == "gateway":
        target = f"http://{target}/health"
    assert CONTAINERS[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "chassis.probe", target]


# ---------------------------------------------------------------------- redis


def test_redis_keeps_what_was_acknowledged_and_evicts_nothing() -> None:
    conf = redis_conf()
    assert conf["appendonly"] == "yes"
    assert conf["appendfsync"] == "everysec"
    assert conf["maxmemory-policy"] == "noeviction"
    assert conf["dir"] == "/data"
    assert COMPOSE["volumes"]["redis-data"] == {}, "it outlives the container"


def test_redis_reads_the_file_that_is_mounted_and_listens_where_the_gateway_looks() -> None:
    mounted = "./deploy/redis/redis.conf:/usr/local/etc/redis/redis.conf:ro"
    assert mounted in CONTAINERS["redis"]["volumes"]
    assert CONTAINERS["redis"]["command"] == ["redis-server", "/usr/local/etc/redis/redis.conf"]
    url = settings_of("gateway", COMPOSE)["redis_url"].get_secret_value()
    assert url == f"redis://redis:{redis_conf()['port']}/0"


def test_the_analysis_looks_for_the_transcript_and_the_language_model_where_the_gateway_does() -> None:
    analysis, gateway = settings_of("analysis", COMPOSE), settings_of("gateway", COMPOSE)
    assert analysis["redis_url"].get_secret_value() == gateway["redis_url"].get_secret_value()
    assert analysis["memory_ttl_s"] == gateway["memory_ttl_s"]
    assert analysis["llm_addresses"] == gateway["llm_addresses"]


def test_redis_has_room_to_rewrite_its_log() -> None:
    limit = float(redis_conf()["maxmemory"].removesuffix("mb"))
    assert mebibytes(CONTAINERS["redis"]["mem_limit"]) >= 2 * limit
    assert math.isfinite(limit)
