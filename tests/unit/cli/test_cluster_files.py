"""What a cluster's programs are told: their own words of the GPUs, one Redis for all turns, as it is."""

import shlex
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.cluster_files import Layout, Program, launcher, programs_json, programs_of, supervisor_config

NAMES = ("stt", "llm", "tts", "analysis")
LAYOUT = Layout("127.0.0.1", 8000, 7000, dict.fromkeys(NAMES, 1), dict.fromkeys(("gateway", *NAMES), 2))


def environment(program: str) -> Mapping[str, str]:
    return programs_of(LAYOUT, Path("state"), "embedded", {})[program].environment


def test_what_is_said_for_one_service_of_a_setting_that_all_have_is_for_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STT_GPU_INDEX", "1")
    monkeypatch.setenv("TTS_GPU_SLICE", "5GB")
    assert environment("stt")["GPU_INDEX"] == "1"
    assert environment("tts")["GPU_SLICE"] == "5GB"
    assert "GPU_INDEX" not in environment("tts")
    assert "GPU_SLICE" not in environment("llm")


def test_the_services_of_a_cluster_take_turns_by_its_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPU_LEASE_REDIS_URL", raising=False)
    assert {environment(name)["GPU_LEASE_REDIS_URL"] for name in NAMES} == {"redis://127.0.0.1:7000/0"}


def test_clusters_that_share_a_card_can_share_a_redis_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_LEASE_REDIS_URL", "redis://shared:6379/1")
    assert "GPU_LEASE_REDIS_URL" not in environment("llm"), "it inherits the operator's, password and all"
    assert environment("analysis")["REDIS_URL"] == "redis://127.0.0.1:7000/0"


AWKWARD = [
    "a folder with blanks",
    "it's",
    'say "hi"',
    "100%(here)s %d %",
    "#1",
    "one ; two",
    "back\\slash",
    "$HOME `id` $(id)",
    "grüße-日本",
    "-dash",
    "new\nline",
]


@pytest.mark.parametrize("name", AWKWARD)
def test_no_path_is_changed_by_the_signs_in_it(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    printing = "import os, sys; print([*sys.argv[1:], os.environ['PLACE'], os.getcwd()])"
    command = (sys.executable, "-c", printing, str(folder))
    programs = {"stt": Program(command, folder, {"PLACE": str(folder)}, 20)}
    (folder / "programs.json").write_text(programs_json(programs), encoding="utf-8")
    said = subprocess.run(
        [*shlex.split(launcher()), "stt"], cwd=folder, capture_output=True, check=True, env={"LC_ALL": "C"}
    )
    assert said.stdout.decode().strip() == repr([str(folder)] * 3)


def test_nothing_of_an_operators_stands_in_the_supervisors_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STT_PYTHON", "/opt/my %python")
    programs = programs_of(LAYOUT, Path("/srv/my state"), "embedded", {"LLM_MODEL_NAME": "my model"})
    assert programs["stt"].command[0] == "/opt/my %python"
    written = supervisor_config(programs)
    assert "my " not in written
    assert sys.executable not in written


def test_a_program_that_cannot_be_run_is_said_to_be_so(tmp_path: Path) -> None:
    programs = {"stt": Program(("/nowhere/python",), tmp_path, {}, 20)}
    (tmp_path / "programs.json").write_text(programs_json(programs), encoding="utf-8")
    said = subprocess.run([*shlex.split(launcher()), "stt"], cwd=tmp_path, capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (2, "/nowhere/python cannot be run: No such file or directory\n")
