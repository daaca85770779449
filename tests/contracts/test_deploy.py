"""The compose file keeps every promise of security and order, and agrees with the settings."""

import math
from pathlib import Path
from typing import Any

import pytest
import yaml

from analysis_service.settings import AnalysisSettings
from chassis.service_process import STOP_GRACE_S
from chassis.settings import ProcessSettings
from gateway.app import LAST_WRITES_S, LEAVE_S
from gateway.settings import GatewaySettings, split
from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings
from tts_service.settings import TtsSettings

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, type[ProcessSettings]] = {
    "gateway": GatewaySettings,
    "stt": SttSettings,
    "llm": LlmSettings,
    "tts": TtsSettings,
    "analysis": AnalysisSettings,
}
BEHIND = ("stt", "llm", "tts", "analysis")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]

each_service = pytest.mark.parametrize("name", sorted(SERVICES))
each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))
each_behind = pytest.mark.parametrize("name", BEHIND)


def settings_of(name: str) -> dict[str, Any]:
    """The settings that the process would read from its compose environment, by field name."""
    environment = {key.lower(): value for key, value in SERVICES[name]["environment"].items()}
    return SETTINGS[name](**environment).model_dump()


def seconds(text: str) -> float:
    assert text.endswith("s"), f"{text} is not in seconds"
    return float(text[:-1])


def mebibytes(text: str) -> float:
    return float(text[:-1]) * {"m": 1, "g": 1024}[text[-1].lower()]


def redis_conf() -> dict[str, str]:
    lines = (ROOT / "deploy/redis/redis.conf").read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


# ---------------------------------------------------------------------- security


def test_the_cluster_is_the_gateway_four_services_and_redis() -> None:
    assert set(SERVICES) == {*SETTINGS, "redis"}


@each_service
def test_a_container_has_no_capability_and_can_gain_none(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert not service.get("privileged", False)
    assert service["security_opt"] == ["no-new-privileges:true"]


@each_service
def test_a_container_cannot_write_but_to_memory_and_its_volume(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert all("size=" in mount for mount in service["tmpfs"]), "a tmpfs needs a bound"
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]
    writable = [mount for mount in service.get("volumes", []) if not mount.endswith(":ro")]
    assert writable == (["redis-data:/data"] if name == "redis" else [])


@each_service
def test_a_container_runs_as_an_ordinary_user(name: str) -> None:
    assert SERVICES[name]["user"] == ("999:999" if name == "redis" else "10001:10001")


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
    assert not shared & set(SERVICES[name])
    assert not any("docker.sock" in mount for mount in SERVICES[name].get("volumes", []))


@each_service
def test_a_container_has_bounds(name: str) -> None:
    service = SERVICES[name]
    assert 128 <= mebibytes(service["mem_limit"]) <= 4096
    assert 0 < service["pids_limit"] <= 1024
    assert service["ulimits"]["nofile"] == {"soft": 65535, "hard": 65535}


@each_service
def test_a_container_comes_back_and_reaps_its_children(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert SERVICES[name]["init"] is True


@each_service
def test_only_the_gateway_is_published_and_only_on_loopback(name: str) -> None:
    published = SERVICES[name].get("ports", [])
    assert published == (["127.0.0.1:${PORT:-8000}:8000"] if name == "gateway" else [])


@each_service
def test_only_the_gateway_is_on_a_network_with_a_way_out(name: str) -> None:
    assert COMPOSE["networks"]["private"] == {"internal": True}
    assert SERVICES[name]["networks"] == (["public", "private"] if name == "gateway" else ["private"])


def test_nobody_is_asked_for_a_key_only_where_nobody_else_can_come_in() -> None:
    """ALLOW_ANONYMOUS stands or falls with the loopback port; the file says why beside it."""
    assert settings_of("gateway")["allow_anonymous"] is True
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["gateway"]["ports"])
    text = (ROOT / "docker-compose.yaml").read_text()
    before = text[: text.index("ALLOW_ANONYMOUS:")]
    assert "published on the loopback address" in before.splitlines()[-3] + before.splitlines()[-4]


# ---------------------------------------------------------------------- settings


@each_of_ours
def test_every_variable_is_a_setting_of_its_process(name: str) -> None:
    unknown = {key for key in SERVICES[name]["environment"] if key.lower() not in SETTINGS[name].model_fields}
    assert not unknown, f"{name} has no such settings"


@each_of_ours
def test_every_value_is_possible(name: str) -> None:
    assert settings_of(name), "the settings class refuses what it cannot use"


@each_of_ours
def test_every_value_is_a_string_that_both_composes_read_alike(name: str) -> None:
    assert all(isinstance(value, str) for value in SERVICES[name]["environment"].values())


@each_behind
def test_the_gateway_looks_for_each_service_where_it_listens(name: str) -> None:
    port = settings_of(name)["grpc_port"]
    assert split(settings_of("gateway")[f"{name}_addresses"]) == (f"{name}:{port}",)
    assert settings_of(name)["grpc_host"] == "0.0.0.0"


@each_behind
def test_a_service_listens_on_the_port_that_the_gateway_expects_by_default(name: str) -> None:
    default = GatewaySettings.model_fields[f"{name}_addresses"].default
    assert default == f"127.0.0.1:{settings_of(name)['grpc_port']}"


def test_the_published_port_is_the_one_the_gateway_listens_on() -> None:
    gateway = settings_of("gateway")
    assert SERVICES["gateway"]["ports"][0].rsplit(":", 1)[1] == str(gateway["port"])
    assert gateway["host"] == "0.0.0.0"


@each_of_ours
def test_metrics_can_be_scraped_from_the_private_network(name: str) -> None:
    settings = settings_of(name)
    assert (settings["metrics_host"], settings["metrics_port"]) == ("0.0.0.0", 9464)


def test_the_embedded_profile_is_the_default() -> None:
    from cli.profiles import PROFILES

    engines = {
        f"{name.upper()}_ENGINE": SERVICES[name]["environment"][f"{name.upper()}_ENGINE"] for name in BEHIND
    }
    assert engines == PROFILES[settings_of("gateway")["profile"]]


@each_of_ours
def test_a_process_has_time_to_drain_before_it_is_killed(name: str) -> None:
    after_drain_s = 2 * LEAVE_S + LAST_WRITES_S if name == "gateway" else STOP_GRACE_S + 1
    assert seconds(SERVICES[name]["stop_grace_period"]) > settings_of(name)["drain_s"] + after_drain_s


# ---------------------------------------------------------------------- order and health


def test_the_gateway_starts_when_all_others_are_healthy() -> None:
    waits_for = SERVICES["gateway"]["depends_on"]
    assert waits_for == {name: {"condition": "service_healthy"} for name in SERVICES if name != "gateway"}


@each_service
def test_health_is_asked_often_enough_and_bounded(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert seconds(check["timeout"]) < seconds(check["interval"]) <= 10
    assert check["retries"] == 3
    assert not check.get("disable", False)


@each_of_ours
def test_health_is_asked_at_the_port_that_is_listened_on(name: str) -> None:
    settings = settings_of(name)
    target = f"127.0.0.1:{settings.get('grpc_port', settings.get('port'))}"
    if name == "gateway":
        target = f"http://{target}/health"
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", "python", "-m", "chassis.probe", target]


# ---------------------------------------------------------------------- redis


def test_redis_keeps_what_was_acknowledged_and_evicts_nothing() -> None:
    conf = redis_conf()
    assert conf["appendonly"] == "yes"
    assert conf["appendfsync"] == "everysec"
    assert conf["maxmemory-policy"] == "noeviction"
    assert conf["dir"] == "/data"
    assert COMPOSE["volumes"] == {"redis-data": {}}


def test_redis_reads_the_file_that_is_mounted_and_listens_where_the_gateway_looks() -> None:
    mounted = "./deploy/redis/redis.conf:/usr/local/etc/redis/redis.conf:ro"
    assert mounted in SERVICES["redis"]["volumes"]
    assert SERVICES["redis"]["command"] == ["redis-server", "/usr/local/etc/redis/redis.conf"]
    url = settings_of("gateway")["redis_url"].get_secret_value()
    assert url == f"redis://redis:{redis_conf()['port']}/0"


def test_the_analysis_looks_for_the_transcript_and_the_language_model_where_the_gateway_does() -> None:
    analysis, gateway = settings_of("analysis"), settings_of("gateway")
    assert analysis["redis_url"].get_secret_value() == gateway["redis_url"].get_secret_value()
    assert analysis["memory_ttl_s"] == gateway["memory_ttl_s"]
    assert analysis["llm_addresses"] == gateway["llm_addresses"]


def test_redis_has_room_to_rewrite_its_log() -> None:
    limit = float(redis_conf()["maxmemory"].removesuffix("mb"))
    assert mebibytes(SERVICES["redis"]["mem_limit"]) >= 2 * limit
    assert math.isfinite(limit)
