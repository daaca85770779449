"""Kyutai's voice and the hub of its files: asked at load for what is missing, in a reply for nothing."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from chassis.faults import NotReady, Unsupported
from tests.support.voice_hub import VoiceHub, keep_in_cache, voice_hub
from tts_service.engine import Voice
from tts_service.engines import moshi_checkpoint
from tts_service.engines.moshi import MoshiEngine
from tts_service.engines.moshi_checkpoint import find_voices
from tts_service.engines.moshi_files import cached_files, fetch, fetch_within
from tts_service.engines.moshi_voices import COLLECTION, REPO

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]
SUFFIX = ".tiny@1.safetensors"
NAMES = [f"{name}{SUFFIX}" for name in COLLECTION]
MODEL = "somebody/tiny"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def hub(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VoiceHub]:
    with voice_hub() as hub:
        constants = huggingface_hub.constants
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(cache))
        monkeypatch.setattr(constants, "ENDPOINT", hub.url)
        template = hub.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.file_download, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(moshi_checkpoint, "VOICES_S", 0.5)
        hub.files = {f"{REPO}/{name}": b"voice" for name in NAMES}
        yield hub


async def words() -> AsyncIterator[str]:
    for word in ("please", "speak", "slowly", "now"):
        yield word


def test_the_collection_comes_from_the_hub_once(hub: VoiceHub) -> None:
    assert find_voices(None, SUFFIX, "default").names == COLLECTION
    assert set(hub.asked) == {f"{REPO}/{name}" for name in NAMES}
    hub.asked.clear()
    hub.hangs = True
    voices = find_voices(None, SUFFIX, "default")
    assert [voices.find(name).read_bytes() for name in COLLECTION] == [b"voice"] * len(COLLECTION)
    assert not hub.asked


def test_a_hub_that_hangs_costs_no_more_than_its_deadline(hub: VoiceHub, cache: Path) -> None:
    keep_in_cache(cache, REPO, {NAMES[4]: b"voice"})
    hub.hangs = True
    began = time.monotonic()
    found, reason = fetch_within(REPO, NAMES, 0.3)
    assert time.monotonic() - began < 60  # the stand-in's own patience
    assert (found, reason) == ({}, f"the hub sent no more of {REPO} within 0.3 s")
    assert find_voices(None, SUFFIX, "default").names == COLLECTION[4:5]


def test_without_a_voice_and_a_hub_the_load_ends_in_words(hub: VoiceHub) -> None:
    hub.hangs = True
    with pytest.raises(
        NotReady, match=f"no voice to speak with: the hub sent no more of {REPO} within 0.5 s"
    ):
        find_voices(None, SUFFIX, "default")


def test_a_file_that_is_nowhere_is_told_by_its_name(hub: VoiceHub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match=f"model.safetensors of {REPO}: the hub does not have it"):
        fetch(REPO, "model.safetensors")
    hub.asked.clear()
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    huggingface_hub.configure_http_backend()
    try:
        with pytest.raises(NotReady, match="it is not here whole, and the hub cannot be reached"):
            fetch(REPO, "other.safetensors")
    finally:
        monkeypatch.undo()
        huggingface_hub.configure_http_backend()
    assert not hub.asked


def test_the_newest_of_a_file_in_the_cache_is_taken(hub: VoiceHub, cache: Path) -> None:
    keep_in_cache(cache, REPO, {NAMES[0]: b"new", "README.md": b""})
    old = cache / "models--kyutai--tts-voices" / "snapshots" / "older" / NAMES[0]
    old.parent.mkdir(parents=True)
    old.write_bytes(b"old")
    os.utime(old.parents[1], (1, 1))
    found = cached_files(REPO, SUFFIX)
    assert [(name, path.read_bytes()) for name, path in found.items()] == [(NAMES[0], b"new")]


def test_a_reply_asks_the_hub_nothing(
    hub: VoiceHub, cache: Path, runner: asyncio.Runner, tts_checkpoint: Path
) -> None:
    """Neither for a voice that is in the cache nor for one that only looks like the collection's."""
    checkpoint = {path.name: path.read_bytes() for path in tts_checkpoint.iterdir()}
    keep_in_cache(cache, MODEL, checkpoint)
    keep_in_cache(cache, REPO, dict.fromkeys([*NAMES, f"vctk/p9.wav{SUFFIX}"], checkpoint[f"anna{SUFFIX}"]))
    hub.hangs = True
    engine = MoshiEngine(MODEL, 1)

    async def main() -> None:
        await engine.load()
        for name in ("default", COLLECTION[2], "vctk/p9.wav"):
            assert [speech async for speech in engine.speak(words(), Voice(name=name))]
        with pytest.raises(Unsupported, match="there is no voice 'a/b'"):
            engine.check(Voice(name="a/b"))
        with pytest.raises(Unsupported, match="there is no voice 'a/b'"):
            await anext(engine.speak(words(), Voice(name="a/b")))
        await engine.unload()

    runner.run(main())
    assert not hub.asked
