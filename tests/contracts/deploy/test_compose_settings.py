"""What the compose files set agrees with what the processes read, and is explained."""

from typing import Any

import pytest

from cli.env_example import COMPOSE as EXPLAINED
from cli.env_example import FIXED, page
from cli.profiles import PROFILES as ENGINES
from engine_room.service_process import STOP_GRACE_S
from gateway.app import LAST_WRITES_S, LEAVE_S
from gateway.settings import GatewaySettings, split
from tests.contracts.deploy.compose import (
    COMPOSE,
    CONTAINERS,
    PROFILES,
    env_file,
    read,
    seconds,
    settings_of,
    variables,
)
from tests.contracts.deploy.processes import ROOT, SERVICES, SETTINGS

each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))
each_behind = pytest.mark.parametrize("name", SERVICES)
each_profile = pytest.mark.parametrize("profile", PROFILES)


@each_of_ours
def test_the_variables_of_a_process_are_its_settings(name: str) -> None:
    """All of them, so that whatever somebody sets in .env arrives; FIXED ones where they make sense."""
    settings = {field.upper() for field in SETTINGS[name].model_fields}
    given = set(CONTAINERS[name]["environment"])
    assert not given - settings, f"{name} has no such settings"
    assert not settings - given - FIXED, f"these never reach {name}"


@each_of_ours
@each_profile
def test_every_value_is_possible(profile: str, name: str) -> None:
    assert settings_of(name, read(profile)), "the settings class refuses what it cannot use"


@each_of_ours
def test_every_value_is_a_string_that_both_composes_read_alike(name: str) -> None:
    assert all(isinstance(value, str | None) for value in CONTAINERS[name]["environment"].values())


def test_what_somebody_sets_reaches_whom_it_is_meant_for_and_nobody_else() -> None:
    services = read(API_KEYS="secret", LLM_API_KEY="secret too", STT_SLOTS="7")["services"]
    told = {name for name, service in services.items() if "secret" in str(service.get("environment"))}
    assert told == {"gateway", "llm"}
    assert services["stt"]["environment"]["STT_SLOTS"] == "7"


@each_behind
def test_the_gateway_looks_for_each_service_where_it_listens(name: str) -> None:
    port = settings_of(name, COMPOSE)["grpc_port"]
    assert split(settings_of("gateway", COMPOSE)[f"{name}_addresses"]) == (f"dns:///{name}:{port}",)
    assert settings_of(name, COMPOSE)["grpc_host"] == "0.0.0.0"


@each_behind
def test_a_service_listens_on_the_port_that_the_gateway_expects_by_default(name: str) -> None:
    default = GatewaySettings.model_fields[f"{name}_addresses"].default
    assert default == f"127.0.0.1:{settings_of(name, COMPOSE)['grpc_port']}"


def test_the_published_port_is_the_one_the_gateway_listens_on() -> None:
    gateway = settings_of("gateway", COMPOSE)
    assert CONTAINERS["gateway"]["ports"][0].rsplit(":", 1)[1] == str(gateway["port"])
    assert gateway["host"] == "0.0.0.0"


@each_of_ours
def test_metrics_can_be_scraped_from_the_private_network(name: str) -> None:
    settings = settings_of(name, COMPOSE)
    assert (settings["metrics_host"], settings["metrics_port"]) == ("0.0.0.0", 9464)


def test_the_embedded_profile_is_the_default() -> None:
    engines = {
        f"{name.upper()}_ENGINE": CONTAINERS[name]["environment"][f"{name.upper()}_ENGINE"]
        for name in SERVICES
    }
    assert engines == ENGINES[settings_of("gateway", COMPOSE)["profile"]]


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_a_profile_sets_what_the_command_sets(profile: str) -> None:
    given = env_file(profile)
    assert given["PROFILE"] == profile
    assert {name: given.get(name) for name in ENGINES[profile]} == ENGINES[profile]


def test_every_variable_is_explained_with_its_default() -> None:
    text = (ROOT / "env.example").read_text()
    assert text == page(), "run `make settings`"
    explained = {name: default for name, default, _ in EXPLAINED}
    for name, defaults in variables().items():
        assert f"#{name}=" in text, f"{name} is nowhere explained"
        if name in explained:
            assert defaults <= {explained[name]}, name
    assert all(f"#{name}=" in text for service in SETTINGS.values() for name in service_variables(service))


def service_variables(kind: Any) -> set[str]:
    return {field.upper() for field in kind.model_fields} - FIXED


@each_of_ours
def test_a_process_has_time_to_drain_before_it_is_killed(name: str) -> None:
    after_drain_s = 2 * LEAVE_S + LAST_WRITES_S if name == "gateway" else STOP_GRACE_S + 1
    assert (
        seconds(CONTAINERS[name]["stop_grace_period"]) > settings_of(name, COMPOSE)["drain_s"] + after_drain_s
    )
