"""A setting that is not possible stops the start with a line that says all that is needed to mend it."""

import os
import subprocess
import sys
from typing import Literal

import pytest
from pydantic import Field, SecretStr, ValidationError, field_validator

from analysis_service.settings import AnalysisSettings
from chassis.faults import InvalidArgument
from chassis.settings import ProcessSettings, changed, complaints, describe_allowed, read_settings
from gateway.settings import GatewaySettings
from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings
from tests.support.refused_settings import refusal
from tts_service.settings import TtsSettings

EVERY_KIND: list[type[ProcessSettings]] = [
    GatewaySettings,
    SttSettings,
    LlmSettings,
    TtsSettings,
    AnalysisSettings,
]


class Example(ProcessSettings):
    colour: Literal["red", "blue"] = Field("red", description="the lamp")
    pause_ms: int = Field(200, ge=20, le=2000, description="pause between steps")
    share: float = Field(0.5, gt=0, lt=1, description="share of the card")
    is_loud: bool = Field(False, description="sound")
    token: SecretStr = Field(SecretStr("first-secret"), description="what opens the door")

    @field_validator("token")
    @classmethod
    def check_token(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 8:
            raise ValueError("it must have 8 characters at least")
        return value


def test_what_is_not_set_has_its_default() -> None:
    assert read_settings(Example).pause_ms == 200


def test_a_variable_is_its_fields_name_in_capitals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE_MS", "40")
    assert read_settings(Example).pause_ms == 40


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAUSE_MS", "")
    assert read_settings(Example).pause_ms == 200


def test_settings_cannot_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError):
        setattr(read_settings(Example), "pause_ms", 40)  # noqa: B010 - the type checker would refuse it too


@pytest.mark.parametrize(
    ("variable", "given", "words"),
    [
        ("PAUSE_MS", "19", ["at least 20 and at most 2000", "pause between steps", "default: 200"]),
        ("PAUSE_MS", "2001", ["at least 20 and at most 2000", "default: 200"]),
        ("PAUSE_MS", "soon", ["at least 20 and at most 2000", "integer"]),
        ("PAUSE_MS", "20.5", ["at least 20 and at most 2000", "integer"]),
        ("SHARE", "1", ["over 0 and under 1", "share of the card", "default: 0.5"]),
        ("SHARE", "nan", ["over 0 and under 1"]),
        ("SHARE", "inf", ["over 0 and under 1"]),
        ("COLOUR", "green", ["red, blue", "the lamp", "default: 'red'"]),
        ("IS_LOUD", "perhaps", ["sound", "default: False"]),
        ("LOG_LEVEL", "LOUD", ["DEBUG, INFO, WARNING, ERROR", "default: 'INFO'"]),
        ("METRICS_PORT", "65536", ["at least 0 and at most 65535", "default: 0"]),
        ("DRAIN_S", "-1", ["at least 0 and at most 3600", "default: 5.0"]),
    ],
)
def test_an_impossible_value_is_named_with_its_range_and_default(
    variable: str,
    given: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv(variable, given)
    line = refusal(capsys, Example)
    assert line.startswith(f"{variable}={given!r} is not possible")
    assert all(word in line for word in words), line
    assert line.count("\n") == 1


def test_every_bad_variable_gets_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PAUSE_MS", "0")
    monkeypatch.setenv("COLOUR", "green")
    assert [line.split("=")[0] for line in refusal(capsys, Example).splitlines()] == ["COLOUR", "PAUSE_MS"]


def test_a_bad_secret_is_named_and_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TOKEN", "hunter2")
    line = refusal(capsys, Example)
    assert line.startswith("TOKEN=…")
    assert "8 characters" in line
    assert "hunter2" not in line
    assert "first-secret" not in line


def test_a_bad_redis_url_does_not_show_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("REDIS_URL", "http://user:hunter2@redis:6379")
    line = refusal(capsys, GatewaySettings)
    assert line.startswith("REDIS_URL=…")
    assert "redis://" in line
    assert "hunter2" not in line


@pytest.mark.parametrize("addresses", ["stt", "stt:", ":50051", "stt:0", "stt:65536", "stt:x", ",", "a:1,b"])
def test_an_address_that_cannot_be_called_is_refused(
    addresses: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STT_ADDRESSES", addresses)
    assert refusal(capsys, GatewaySettings).startswith("STT_ADDRESSES=")


def test_secrets_do_not_show_in_a_printed_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEYS", "hunter2hunter2")
    settings = read_settings(GatewaySettings)
    assert "hunter2" not in repr(settings)
    assert settings.api_keys.get_secret_value() == "hunter2hunter2"


def test_a_problem_of_the_whole_is_told_without_a_variable() -> None:
    error = ValidationError.from_exception_data("Example", [{"type": "missing", "loc": (), "input": None}])
    assert complaints(Example, error) == ["settings: Field required"]


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_setting_is_described_and_its_default_is_possible(kind: type[ProcessSettings]) -> None:
    kind()
    for name, field in kind.model_fields.items():
        assert field.description, name
        assert describe_allowed(field), name
        assert not field.is_required(), name


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_every_number_has_a_range(kind: type[ProcessSettings]) -> None:
    for name, field in kind.model_fields.items():
        if field.annotation in (int, float):
            bounds = describe_allowed(field)
            assert "least" in bounds or "over" in bounds, name
            assert "most" in bounds or "under" in bounds, name


@pytest.mark.parametrize(
    "module", ["gateway", "stt_service", "llm_service", "tts_service", "analysis_service"]
)
def test_a_process_ends_with_status_2_before_it_does_anything(module: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, "METRICS_PORT": "many"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("METRICS_PORT='many' is not possible")
    assert "Traceback" not in done.stderr


def test_settings_can_be_changed_at_run_time_and_are_checked_as_at_the_start() -> None:
    before = Example(colour="blue", pause_ms=100)
    after = changed(before, {"PAUSE_MS": "300"}, {"pause_ms", "share"})
    assert (after.colour, after.pause_ms, before.pause_ms) == ("blue", 300, 100)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"PAUSE_MS": "3"}, "PAUSE_MS='3' is not possible"),
        ({"PAUSE_MS": "3", "SHARE": "much"}, "SHARE='much' is not possible"),
        ({"COLOUR": "red"}, "COLOUR cannot be changed at run time"),
        ({"NONSENSE": "1", "COLOUR": "red"}, "COLOUR, NONSENSE cannot be changed"),
    ],
)
def test_a_change_that_is_not_possible_is_named(changes: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        changed(Example(), changes, {"pause_ms", "share"})


def test_the_environment_does_not_undo_what_was_set_before(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Example(pause_ms=100)
    monkeypatch.setenv("PAUSE_MS", "900")
    assert changed(before, {"SHARE": "0.1"}, {"share"}).pause_ms == 100


def test_a_complaint_is_in_plain_words(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEYS", ",")
    line = refusal(capsys, GatewaySettings)
    assert line.startswith("API_KEYS=… is not possible: it is given, but has no key in it")
    assert "Value error" not in line
    assert "SecretStr" not in line
