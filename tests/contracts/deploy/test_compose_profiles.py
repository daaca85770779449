"""The profiles with models: where weights come from, and whose card is whose."""

from typing import Any

import pytest

from tests.contracts.deploy.compose import PROFILES, read
from tests.contracts.deploy.compose import settings_of as settings_in
from tests.contracts.deploy.processes import ROOT, SETTINGS
from tests.contracts.deploy.processes import SERVICES as BEHIND

COMPOSE: dict[str, Any] = read()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OWNERS = {"redis": "999:999", "prometheus": "65534:65534", "grafana": "472:0"}
"""Users of images that are not ours: their data folders belong to them."""
WRITABLE = {
    "gateway": ["gateway-state:/state"],
    "redis": ["redis-data:/data"],
    "prometheus": ["prometheus-data:/prometheus"],
    "grafana": ["grafana-data:/var/lib/grafana"],
}
PUBLISHED = {"gateway": ["127.0.0.1:8000:8000"], "grafana": ["127.0.0.1:3000:3000"]}

each_service = pytest.mark.parametrize("name", sorted(SERVICES))
each_of_ours = pytest.mark.parametrize("name", sorted(SETTINGS))
each_behind = pytest.mark.parametrize("name", BEHIND)
each_profile = pytest.mark.parametrize("profile", PROFILES)


def settings_of(name: str) -> dict[str, Any]:
    return settings_in(name, COMPOSE)


def seconds(text: str) -> float:
    assert text.endswith("s"), f"{text} is not in seconds"
    return float(text[:-1])


def mebibytes(text: str) -> float:
    return float(text[:-1]) * {"m": 1, "g": 1024}[text[-1].lower()]


def redis_conf() -> dict[str, str]:
    lines = (ROOT / "deploy/redis/redis.conf").read_text().splitlines()
    return dict(line.split(maxsplit=1) for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_weights_are_fetched_once_by_someone_who_serves_nobody(profile: str) -> None:
    services = read(profile)["services"]
    for name in ("stt", "llm", "tts"):
        assert services[name]["volumes"] == ["models:/models:ro"], "who serves cannot change them"
        assert services[name]["networks"] == ["private"], "nor fetch others"
        assert services[name]["environment"]["HF_HUB_OFFLINE"] == "1"
        assert services[name]["depends_on"]["weights"] == {"condition": "service_completed_successfully"}
        assert settings_in(name, read(profile))["models_cache_dir"] == "/models"
    fetchers = {name for name, service in services.items() if "models:/models" in service.get("volumes", [])}
    assert fetchers == {"weights"} | ({"voice-weights"} if profile == "cpu" else set())
    for name in fetchers:
        assert services[name]["networks"] == ["public"]
        assert "ports" not in services[name]
        assert services[name]["read_only"] is True
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["user"] == "10001:10001"
        assert "restart" not in services[name], "it ends when all is there"


def test_each_service_with_a_model_has_its_slice_of_a_card() -> None:
    compose = read("gpu", LLM_GPU="1")
    for name, card in (("stt", "0"), ("llm", "1"), ("tts", "0")):
        (device,) = compose["services"][name]["deploy"]["resources"]["reservations"]["devices"]
        assert device == {"driver": "nvidia", "device_ids": [card], "capabilities": ["gpu"]}
        settings = settings_in(name, compose)
        assert settings["gpu_index"] == 0, "a container sees its own card alone"
        assert settings["gpu_lease_redis_url"].get_secret_value() == "redis://redis:6379/0"
    assert settings_in("stt", compose)["gpu_slice"] == "8"
    assert settings_in("tts", compose)["gpu_slice"] == "5"
    assert settings_in("llm", compose)["llm_gpu_memory_utilization"] == 0.35


def test_no_other_profile_asks_for_a_card() -> None:
    for profile in ("embedded", "cpu"):
        assert all("deploy" not in service for service in read(profile)["services"].values())


@each_profile
def test_an_image_holds_the_engines_of_its_profile(profile: str) -> None:
    variant = {"embedded": "embedded", "cpu": "cpu", "gpu": "cuda"}[profile]
    services = read(profile)["services"]
    for name in ("stt", "llm", "tts"):
        assert services[name]["image"] == f"parley-{name}:{variant}"
        assert services[name]["build"]["args"]["VARIANT"] == variant
