"""What the supervisor tells each service of the GPUs: its own words, and one Redis for all turns."""

from pathlib import Path

import pytest

from cli.cluster_files import Layout, supervisor_config

NAMES = ("stt", "llm", "tts", "analysis")
LAYOUT = Layout("127.0.0.1", 8000, 7000, dict.fromkeys(NAMES, 1), dict.fromkeys(("gateway", *NAMES), 2))


def environment(program: str) -> str:
    """The line of a program's section."""
    config = supervisor_config(LAYOUT, Path("state"), "embedded", {})
    section = config.split(f"[program:{program}]\n")[1].split("\n\n")[0]
    return next(line for line in section.splitlines() if line.startswith("environment="))


def test_what_is_said_for_one_service_of_a_setting_that_all_have_is_for_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STT_GPU_INDEX", "1")
    monkeypatch.setenv("TTS_GPU_SLICE", "5GB")
    assert 'GPU_INDEX="1"' in environment("stt")
    assert 'GPU_SLICE="5GB"' in environment("tts")
    assert "GPU_INDEX" not in environment("tts")
    assert "GPU_SLICE" not in environment("llm")


def test_the_services_of_a_cluster_take_turns_by_its_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GPU_LEASE_REDIS_URL", raising=False)
    assert all('GPU_LEASE_REDIS_URL="redis://127.0.0.1:7000/0"' in environment(name) for name in NAMES)


def test_clusters_that_share_a_card_can_share_a_redis_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPU_LEASE_REDIS_URL", "redis://shared:6379/1")
    assert 'GPU_LEASE_REDIS_URL="redis://shared:6379/1"' in environment("llm")
    assert 'REDIS_URL="redis://127.0.0.1:7000/0"' in environment("analysis")
