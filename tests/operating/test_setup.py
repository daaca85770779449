"""`parley setup` as the operator meets it: what it finds wrong, and whether each service starts."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operating.setting_up import MODEL, WEIGHTS, download, hub_with_model, place, setup
from tests.support.fake_hub import COMMIT, FakeHub

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with hub_with_model() as running:
        yield running


# ---------------------------------------------------------------------- checks


def checks(done: "subprocess.CompletedProcess[str]") -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in json.loads(done.stdout)["checks"]}


def test_this_machine_is_fit_for_the_embedded_profile(tmp_path: Path) -> None:
    done = setup(tmp_path, None, "--check", LLM_ENGINE="", LLM_MODEL_NAME="")
    assert done.returncode == 0, done.stdout
    assert "✗" not in done.stdout
    assert "moonshine-voice 0.1.0 is" in done.stdout


def test_a_machine_without_what_an_engine_wants_is_not_fit(tmp_path: Path) -> None:
    done = setup(tmp_path, None, "--check", LLM_ENGINE="vllm", PATH="/nowhere")
    assert done.returncode == 1
    assert "✗ GPU: no nvidia-smi" in done.stdout
    assert f"✗ Model: {MODEL} is not here" in done.stdout
    assert "→ parley setup --download" in done.stdout


def test_a_model_is_missing_until_it_was_downloaded_whole(tmp_path: Path, hub: FakeHub) -> None:
    assert checks(setup(tmp_path, hub, "--check", "--json"))["Model"] == "missing"
    download(tmp_path, hub)
    assert checks(setup(tmp_path, None, "--check", "--json"))["Model"] == "fine"
    (place(tmp_path) / "snapshots" / COMMIT / WEIGHTS).resolve().unlink()
    assert checks(setup(tmp_path, None, "--check", "--json"))["Model"] == "missing"


def test_a_check_fetches_nothing(tmp_path: Path, hub: FakeHub) -> None:
    setup(tmp_path, hub, "--check")
    assert hub.asked == []
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        (("--profile", "quantum"), {}, "embedded"),
        ((), {"LLM_ENGINE": "oracle"}, "LLM_ENGINE='oracle'"),
        ((), {"LLM_MODEL_NAME": "no such model"}, "owner/name"),
    ],
)
def test_what_is_not_possible_is_wrong_usage(
    tmp_path: Path, options: tuple[str, ...], environment: dict[str, str], said: str
) -> None:
    refused = setup(tmp_path, None, "--check", *options, **environment)
    assert refused.returncode == 2
    assert said in refused.stderr


# ---------------------------------------------------------------------- trials


def test_without_flags_the_embedded_profile_is_checked_and_every_service_tried(tmp_path: Path) -> None:
    done = setup(tmp_path, None, "--json", LLM_ENGINE="", LLM_MODEL_NAME="")
    assert done.returncode == 0, done.stdout
    report = json.loads(done.stdout)
    assert report["ok"] is True
    assert report["checks"]
    assert [(trial["service"], trial["engine"], trial["ok"]) for trial in report["trials"]] == [
        ("stt", "moonshine", True),
        ("llm", "tutor", True),
        ("tts", "hibari", True),
        ("analysis", "rules", True),
    ]


def test_a_service_that_does_not_start_is_shown_with_its_last_words(tmp_path: Path) -> None:
    done = setup(tmp_path, None, "--test", "--profile", "fake", LLM_ENGINE="", STT_SLOTS="abc")
    assert done.returncode == 1
    assert "✗ stt (fake): it ended by itself" in done.stdout
    assert "STT_SLOTS='abc'" in done.stdout
    assert "✓ analysis (fake): ready in" in done.stdout, "the others are tried all the same"
