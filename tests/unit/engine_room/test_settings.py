"""What each service is told of its model and its GPU is checked before it starts."""

import pytest

from chassis.settings import changed, read_settings
from stt_service.settings import SttSettings
from tests.support.refused_settings import refusal


@pytest.mark.parametrize("variable", ["PRELOAD", "PRELOAD_MODELS"])
def test_a_setting_with_two_names_is_set_and_complained_of_by_either(
    variable: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, "false")
    assert read_settings(SttSettings).preload is False
    assert changed(read_settings(SttSettings), {"PRELOAD": "true"}, {"preload"}).preload is True
    monkeypatch.setenv(variable, "perhaps")
    assert refusal(capsys, SttSettings).startswith("PRELOAD or PRELOAD_MODELS='perhaps' is not possible")


@pytest.mark.parametrize("given", ["much", "-1", "0", "8TB"])
def test_a_gpu_slice_that_makes_no_sense_is_refused(
    given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPU_SLICE", given)
    line = refusal(capsys, SttSettings)
    assert line.startswith(f"GPU_SLICE={given!r} is not possible")
    assert "give GB (8, 8GB) or a share of it up to 1 (0.35)" in line


def test_the_address_of_the_lease_is_a_secret_redis(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GPU_LEASE_REDIS_URL", "http://user:hunter2@redis:6379")
    line = refusal(capsys, SttSettings)
    assert line.startswith("GPU_LEASE_REDIS_URL=…")
    assert "redis://" in line
    assert "hunter2" not in line
