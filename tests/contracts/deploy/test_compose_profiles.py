"""The profiles with models: where weights come from, and whose card is whose."""

import pytest

from tests.contracts.deploy.compose import PROFILES, read, settings_of
from tests.contracts.deploy.manifests import COMPILED

each_profile = pytest.mark.parametrize("profile", PROFILES)


@pytest.mark.parametrize("profile", ["cpu", "gpu"])
def test_weights_are_fetched_once_by_someone_who_serves_nobody(profile: str) -> None:
    services = read(profile)["services"]
    for name in ("stt", "llm", "tts"):
        compiled = ["compiled:/compiled"] if (profile, name) == ("gpu", "llm") else []
        assert services[name]["volumes"] == ["models:/models:ro", *compiled], "who serves cannot change them"
        assert services[name]["networks"] == ["private"], "nor fetch others"
        assert services[name]["environment"]["HF_HUB_OFFLINE"] == "1"
        assert services[name]["depends_on"]["weights"] == {"condition": "service_completed_successfully"}
        assert settings_of(name, read(profile))["models_cache_dir"] == "/models"
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
        settings = settings_of(name, compose)
        assert settings["gpu_index"] == 0, "a container sees its own card alone"
        assert settings["gpu_lease_redis_url"].get_secret_value() == "redis://redis:6379/0"
    assert settings_of("stt", compose)["gpu_slice"] == "", "what its model and slots need"
    assert settings_of("tts", compose)["gpu_slice"] == ""
    assert settings_of("llm", compose)["llm_gpu_memory_utilization"] == 0.4
    given = read("gpu", STT_GPU_SLICE="8", TTS_GPU_SLICE="0.3")
    assert [settings_of(name, given)["gpu_slice"] for name in ("stt", "tts")] == ["8", "0.3"]


def test_what_was_compiled_survives_a_restart() -> None:
    """A container's /tmp does not, and compiling takes minutes."""
    compose = read("gpu")
    given = compose["services"]["llm"]["environment"]
    assert {given[name].rpartition("/")[0] for name in COMPILED} == {"/compiled"}
    assert "compiled" in compose["volumes"]


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
