"""Which voices Kyutai's model has: each is found at load, and no reply asks anybody for one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from chassis.faults import NotReady, Unsupported
from tts_service.engines.moshi_voices import COLLECTION, Voices, voices_of_collection, voices_of_folder

SUFFIX = ".sig@1.safetensors"
REASON = "the hub does not answer"


def folder(path: Path, *names: str) -> Voices:
    for name in names:
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(b"")
    return voices_of_folder(path, SUFFIX)


class Hub:
    """Has everything, or answers nothing; counts what it is asked."""

    def __init__(self, cached: Iterable[str] = (), answers: bool = True) -> None:
        self.cached = {f"{name}{SUFFIX}": Path("/cache") / name for name in cached}
        self.answers, self.asked = answers, list[str]()

    def fetch(self, files: Iterable[str]) -> tuple[Mapping[str, Path], str]:
        self.asked += files
        fetched = {file: Path("/fetched") / file for file in files} if self.answers else {}
        return fetched, "" if self.answers else REASON

    def voices(self, wanted: str = "default") -> Voices:
        return voices_of_collection(SUFFIX, wanted, lambda: self.cached, self.fetch)


def test_voices_are_the_files_of_a_checkpoint(tmp_path: Path) -> None:
    found = folder(tmp_path, "bert.sig@1.safetensors", "voices/anna.sig@1.safetensors", "other.safetensors")
    assert found.names == ("bert", "anna")
    assert found.choose("") == found.choose("default") == "bert"
    assert found.find("anna") == tmp_path / "voices" / "anna.sig@1.safetensors"
    with pytest.raises(Unsupported, match="no voice 'carl'; there are bert, anna"):
        found.choose("carl")


def test_a_checkpoint_without_voices_cannot_speak(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="has no voices"):
        folder(tmp_path)


def test_the_collection_is_fetched_once_where_it_is_not_in_the_cache() -> None:
    hub = Hub(cached=COLLECTION[:3])
    voices = hub.voices()
    assert hub.asked == [f"{name}{SUFFIX}" for name in COLLECTION[3:]]
    assert voices.names == COLLECTION
    assert voices.choose("default") == COLLECTION[0]
    assert voices.find(COLLECTION[0]) == Path("/cache") / COLLECTION[0]


def test_all_that_is_in_the_cache_may_be_named_and_nothing_else() -> None:
    hub = Hub(cached=(*COLLECTION, "vctk/p999_001.wav"))
    voices = hub.voices()
    assert voices.choose("vctk/p999_001.wav") == "vctk/p999_001.wav"
    others = (
        "a/b",
        "vctk/p111_001.wav",
        "nobody",
        "../../etc/passwd",
        "hf://evil/repo/x",
        "file:///dev/stdin",
    )
    for name in others:
        with pytest.raises(Unsupported, match=r"there is no voice .*more: hf download kyutai/tts-voices"):
            voices.choose(name)
    assert not hub.asked


def test_the_operators_own_voice_is_fetched_too() -> None:
    hub = Hub(cached=COLLECTION)
    assert hub.voices("vctk/p303_023.wav").choose("vctk/p303_023.wav") == "vctk/p303_023.wav"
    assert hub.asked == [f"vctk/p303_023.wav{SUFFIX}"]


def test_what_a_hub_does_not_send_is_done_without() -> None:
    hub = Hub(cached=COLLECTION[4:5], answers=False)
    assert hub.voices().names == COLLECTION[4:5]


def test_without_any_voice_the_load_fails_in_words() -> None:
    with pytest.raises(NotReady, match=f"there is no voice to speak with: {REASON}"):
        Hub(answers=False).voices()
