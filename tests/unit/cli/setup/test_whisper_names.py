"""Where the models of the engine `whisper` lie on the hub, and which of the files there are fetched."""

import pytest

from chassis.faults import InvalidArgument
from cli.setup.engines import Weights
from cli.setup.plan import Wanted, make_plan
from cli.setup.repository import File, choose_files
from cli.setup.whisper_names import find_repo


@pytest.mark.parametrize(
    ("name", "repo"),
    [
        ("openai/whisper-large-v3", "Systran/faster-whisper-large-v3"),
        ("openai/whisper-large", "Systran/faster-whisper-large-v1"),
        ("base.en", "Systran/faster-whisper-base.en"),
        ("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
        ("distil-whisper/distil-large-v3", "Systran/faster-distil-whisper-large-v3"),
        ("owner/own-conversion", "owner/own-conversion"),
    ],
)
def test_a_models_repository_is_found(name: str, repo: str) -> None:
    assert find_repo(name) == repo
    chosen = make_plan("cpu", {"ASR_WHISPER_FALLBACK_MODEL": name})
    assert Wanted("stt", repo, Weights.CTRANSLATE2) in chosen.wanted


def test_an_unknown_short_name_is_refused_by_its_variable() -> None:
    with pytest.raises(InvalidArgument, match="ASR_WHISPER_FALLBACK_MODEL='largest'"):
        make_plan("cpu", {"ASR_WHISPER_FALLBACK_MODEL": "largest"})


def files(*paths: str) -> list[File]:
    return [File(path, 1, "0" * 40) for path in paths]


def test_the_weights_and_what_belongs_to_them_are_fetched() -> None:
    wanted = Wanted("stt", "owner/name", Weights.CTRANSLATE2)
    there = files("model.bin", "config.json", "tokenizer.json", "vocabulary.txt", "README.md", "other.bin")
    assert [file.path for file in choose_files(wanted, there)] == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]


def test_a_repository_in_another_form_is_refused() -> None:
    wanted = Wanted("stt", "openai/own", Weights.CTRANSLATE2)
    with pytest.raises(InvalidArgument, match="CTranslate2"):
        choose_files(wanted, files("pytorch_model.bin", "model.safetensors", "config.json"))
