"""Each image holds one process, what it imports, and nothing to build or break in with."""

import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "gateway": "gateway",
    "stt": "stt_service",
    "llm": "llm_service",
    "tts": "tts_service",
    "analysis": "analysis_service",
}
EXTRAS = {
    "gateway": "[gateway]",
    "stt": "[stt,pocketsphinx]",
    "llm": "",
    "tts": "[espeak]",
    "analysis": "[analysis]",
}
BASE = "python:3.11-slim-bookworm"
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())

each_image = pytest.mark.parametrize("name", sorted(PACKAGES))


def stages(name: str) -> list[list[str]]:
    """The instructions of each stage, from its FROM on, without comments, continued lines joined."""
    text = (ROOT / f"deploy/docker/{name}.Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found: list[list[str]] = []
    for line in lines:
        if line.startswith("FROM "):
            found.append([])
        found[-1].append(line)
    return found


def instructions(stage: list[str], kind: str) -> list[str]:
    return [line.removeprefix(f"{kind} ") for line in stage if line.startswith(f"{kind} ")]


def test_there_is_one_dockerfile_per_process() -> None:
    assert {path.stem for path in (ROOT / "deploy/docker").glob("*.Dockerfile")} >= set(PACKAGES)
    for name in PACKAGES:
        build = COMPOSE["services"][name]["build"]
        assert build == {"context": ".", "dockerfile": f"deploy/docker/{name}.Dockerfile"}


@each_image
def test_an_image_is_built_in_one_stage_and_run_in_another(name: str) -> None:
    build, final = stages(name)
    assert instructions(build, "FROM") == [f"{BASE} AS build"]
    assert instructions(final, "FROM") == [BASE]
    assert instructions(final, "COPY") == ["--from=build /opt/parley /opt/parley"]
    assert not instructions(final, "ADD")


@each_image
def test_the_final_stage_runs_nothing_and_so_installs_no_compiler(name: str) -> None:
    assert not instructions(stages(name)[-1], "RUN")
    assert "--yes pip" in instructions(stages(name)[0], "RUN")[-1], "pip does not travel along"


@each_image
def test_an_image_ends_as_an_ordinary_user_where_it_may_not_write(name: str) -> None:
    final = stages(name)[-1]
    assert instructions(final, "USER") == ["10001:10001"]
    order = [line.split()[0] for line in final]
    assert order.index("USER") > order.index("COPY"), "what was copied belongs to root"
    assert not any("chown" in line or "chmod" in line for line in final)


@each_image
def test_an_image_holds_only_what_its_process_may_import(name: str) -> None:
    copied = [line.split()[0] for line in instructions(stages(name)[0], "COPY")]
    assert copied == ["pyproject.toml", "protos", "chassis", PACKAGES[name]]
    assert instructions(stages(name)[0], "COPY")[0] == "pyproject.toml README.md LICENSE ./"


@each_image
def test_an_image_installs_the_extras_of_its_process_alone(name: str) -> None:
    runs = "\n".join(instructions(stages(name)[0], "RUN"))
    assert f'pip install ".{EXTRAS[name]}"' in runs
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert all(extra in known for extra in EXTRAS[name].strip("[]").split(",") if extra)
    assert runs.count("pip install") == 2
    assert "pip install --no-deps ." in runs


@each_image
def test_an_image_starts_its_process_and_says_how_it_is(name: str) -> None:
    final = stages(name)[-1]
    assert instructions(final, "CMD") == [f'["python", "-m", "{PACKAGES[name]}"]']
    (health,) = instructions(final, "HEALTHCHECK")
    compose = COMPOSE["services"][name]["healthcheck"]["test"]
    words = ", ".join(f'"{word}"' for word in compose[1:])
    assert health.endswith(f"CMD [{words}]"), "the image and the compose file ask alike"


@each_image
def test_an_image_listens_where_the_compose_file_says(name: str) -> None:
    environment = COMPOSE["services"][name]["environment"]
    host, port = ("HOST", "PORT") if name == "gateway" else ("GRPC_HOST", "GRPC_PORT")
    final = stages(name)[-1]
    assert f"{host}=0.0.0.0 {port}={environment[port]}" in instructions(final, "ENV")
    assert instructions(final, "EXPOSE") == [environment[port]]


def test_the_build_context_is_a_list_of_what_is_needed() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "everything is left out …"
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    needed = {"pyproject.toml", "README.md", "LICENSE", "protos", "chassis", *PACKAGES.values()}
    assert allowed == needed, "… but what an image copies"


def test_no_secret_is_written_into_an_image() -> None:
    for name in PACKAGES:
        text = "\n".join(line for stage in stages(name) for line in stage).upper()
        assert not any(word in text for word in ("KEY=", "TOKEN", "PASSWORD", "SECRET", "ARG "))
