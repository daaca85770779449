"""The profiles: which engines, in which environment, and how long the gateway waits for them."""

from pathlib import Path

import pytest

from cli.cluster_files import SERVICES, lay_out, programs_of
from cli.environments import ENVIRONMENTS
from cli.profiles import PROFILES
from gateway.settings import GatewaySettings


def test_the_cpu_profile_waits_longer_and_the_gateway_knows(tmp_path: Path) -> None:
    programs = programs_of(lay_out("127.0.0.1", 8000), tmp_path, "cpu", PROFILES["cpu"])
    environment = programs["gateway"].environment
    waits = [name for name in PROFILES["cpu"] if name.endswith("_S")]
    assert len(waits) == 4
    for name in waits:
        assert environment[name] == PROFILES["cpu"][name]
        assert float(PROFILES["cpu"][name]) > GatewaySettings.model_fields[name.lower()].default


@pytest.mark.parametrize("profile", PROFILES)
def test_what_a_profile_says_can_be_said(profile: str) -> None:
    """Every one of its variables is a setting of the gateway or of a service, with a possible value."""
    kinds = {service: settings_of(service) for service in ("gateway", *SERVICES)}
    for name, value in PROFILES[profile].items():
        owners = [kind for kind in kinds.values() if name.lower() in kind.model_fields]
        assert owners, f"nobody reads {name}"
        for kind in owners:
            kind.model_validate({name.lower(): value})


def settings_of(service: str) -> type[GatewaySettings]:
    from importlib import import_module

    module = import_module("gateway.settings" if service == "gateway" else f"{service}_service.settings")
    kind: type[GatewaySettings] = getattr(module, f"{service.capitalize()}Settings")
    return kind


def test_the_engines_of_the_cpu_profile_have_its_environment() -> None:
    for service in ("STT", "LLM", "TTS"):
        assert ENVIRONMENTS[PROFILES["cpu"][f"{service}_ENGINE"]] == "cpu"
