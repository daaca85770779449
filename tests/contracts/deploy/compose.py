"""The compose files as Compose reads them: put together, with their variables filled in."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from tests.contracts.deploy.processes import ROOT, SETTINGS

COMPOSE_FILES = (
    "docker-compose.yaml",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "deploy/compose").glob("*.yaml"))),
)
PROFILES = ("embedded", "cpu", "gpu")
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<how>[-?])(?P<words>[^}]*))?\}")


def env_file(profile: str) -> dict[str, str]:
    """What the profile's env file sets; nothing for the one that needs none."""
    if profile == "embedded":
        return {}
    lines = (ROOT / f"deploy/compose/{profile}.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def variables() -> dict[str, set[str]]:
    """Every variable that the files ask for, by name, with its defaults there."""
    found: dict[str, set[str]] = {}
    for file in COMPOSE_FILES:
        for asked in _VARIABLE.finditer((ROOT / file).read_text()):
            defaults = found.setdefault(asked["name"], set())
            if asked["how"] == "-":
                defaults.add(asked["words"])
    return found


def read(profile: str = "embedded", **environment: str) -> dict[str, Any]:
    """The whole cluster of a profile. Raises KeyError for a variable that must be given and is not."""
    known = {**env_file(profile), **environment}
    whole: dict[str, Any] = {}
    for file in known.get("COMPOSE_FILE", "docker-compose.yaml").split(":"):
        part = yaml.safe_load((ROOT / file).read_text())
        assert part.pop("version") == "3.8", "Compose 1.29 asks for it, and v2 leaves it be"
        whole = _merge(whole, {key: value for key, value in part.items() if not key.startswith("x-")})
    return dict(_fill(whole, known))


def settings_of(service: str, compose: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that the process would read from its environment there, by field name."""
    environment = compose["services"][service]["environment"]
    given = {key.lower(): value for key, value in environment.items() if value is not None}
    fields = SETTINGS[service].model_fields
    return SETTINGS[service](**{key: value for key, value in given.items() if key in fields}).model_dump()


def _merge(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        merged = {key: _merge(below[key], value) if key in below else value for key, value in above.items()}
        return {**below, **merged}
    if isinstance(below, list) and isinstance(above, list):
        return [*below, *above]
    return above


def _fill(value: Any, known: Mapping[str, str], key: str = "") -> Any:
    """Variables filled in; an environment variable without a value has the one known, or none."""
    match value:
        case dict():
            return {
                name: known.get(name)
                if below is None and key in ("environment", "args")
                else _fill(below, known, name)
                for name, below in value.items()
            }
        case list():
            return [_fill(below, known) for below in value]
        case str():
            return _VARIABLE.sub(lambda asked: _value(asked, known), value)
        case _:
            return value


def _value(asked: "re.Match[str]", known: Mapping[str, str]) -> str:
    if given := known.get(asked["name"]):
        return given
    if asked["how"] == "?":
        raise KeyError(asked["words"])
    return asked["words"] or ""


COMPOSE: dict[str, Any] = read()
CONTAINERS: dict[str, dict[str, Any]] = COMPOSE["services"]
"""Of the embedded profile, by name."""


def seconds(text: str) -> float:
    assert text.endswith("s"), f"{text} is not in seconds"
    return float(text[:-1])


def mebibytes(text: str) -> float:
    return float(text[:-1]) * {"m": 1, "g": 1024}[text[-1].lower()]
