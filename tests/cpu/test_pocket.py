"""The real Pocket TTS on random weights: what is its own beside what every engine keeps to."""

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from chassis.faults import NotReady, Unsupported
from protos.sound import SPOKEN_RATE
from tests.cpu.tiny_pocket import SOON, make
from tests.engines.tts_conformance import TtsConformance, loudest, said, samples
from tests.support.leaks import run
from tts_service.engine import TtsEngine, Voice
from tts_service.engines.pocket import Audio, PocketEngine
from tts_service.engines.pocket_model import _listed_voices, known_names

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(120)]


class TestPocket(TtsConformance):
    """Its two replies side by side also hold the library to what its words do not promise."""

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tiny_pocket: Path) -> TtsEngine:
        return PocketEngine(str(tiny_pocket), slots=2)


def test_every_voice_beside_the_model_can_be_used(tiny_pocket: Path) -> None:
    async def use() -> None:
        engine = PocketEngine(str(tiny_pocket.parent))
        await engine.load()
        assert engine.info.voices == ("default", "exported", "high", "low")
        for voice in engine.info.voices:
            assert loudest(await said(engine, "Hello", Voice(voice)))
        with pytest.raises(Unsupported, match="exported, high, low"):
            engine.check(Voice("alba"))
        await engine.unload()

    run(use())


def test_the_first_samples_come_long_before_the_clause_is_made(tiny_pocket: Path) -> None:
    async def one(text: str) -> AsyncIterator[str]:
        yield text

    async def use() -> tuple[int, int]:
        engine = PocketEngine(str(tiny_pocket))
        await engine.load()
        spoken = engine.speak(one("so many words that it takes a while " * 5), Voice())
        pieces = [speech async for speech in spoken]
        await engine.unload()
        return len(pieces), samples(pieces)

    count, made = run(use())
    assert count > made / SPOKEN_RATE * 5


def test_a_clause_ends_where_the_model_says(tmp_path: Path, tiny_pocket: Path) -> None:
    async def length(model: Path) -> int:
        engine = PocketEngine(str(model))
        await engine.load()
        spoken = await said(engine, "One two three four five six seven eight.")
        await engine.unload()
        assert [word.text for speech in spoken for word in speech.words][-1] == "eight."
        return samples(spoken)

    assert 0 < run(length(make(tmp_path, SOON))) < run(length(tiny_pocket)) / 2


def test_unloading_waits_for_replies_that_were_closed(tiny_pocket: Path) -> None:
    async def use() -> None:
        engine = PocketEngine(str(tiny_pocket))
        await engine.load()
        loaded = engine._loaded
        assert loaded is not None
        reply = engine.speak(_long(), Voice())
        await anext(reply)
        await reply.aclose()
        assert engine.running == 0
        await engine.unload()
        assert all(not thread.is_alive() for thread in loaded.threads._threads)

    run(use())


def test_a_closed_reply_is_not_made_to_its_end(tiny_pocket: Path) -> None:
    async def use() -> tuple[int, int]:
        engine = PocketEngine(str(tiny_pocket))
        await engine.load()
        loaded = engine._loaded
        assert loaded is not None
        speak, made = loaded.model.speak, 0

        def counted(clause: str, state: object, stop: threading.Event) -> Iterator[Audio]:
            nonlocal made
            for chunk in speak(clause, state, stop):
                made += len(chunk)
                yield chunk

        loaded.model.speak = counted  # type: ignore[method-assign]
        whole = samples([speech async for speech in engine.speak(_long(), Voice())])
        made = 0
        reply = engine.speak(_long(), Voice())
        await anext(reply)
        await reply.aclose()
        await engine.unload()
        return made, whole

    made, whole = run(use())
    assert 0 < made < whole / 2


async def _long() -> AsyncIterator[str]:
    yield "so many words that it takes a while " * 5


@pytest.mark.parametrize(
    ("name", "reason"),
    [("klingon", "english, .*french"), ("no/such/folder", "english")],
)
def test_an_unknown_model_is_refused_and_the_known_ones_named(name: str, reason: str) -> None:
    with pytest.raises(NotReady, match=reason):
        run(PocketEngine(name).load())


def test_a_folder_without_a_model_or_without_voices_says_so(tmp_path: Path, tiny_pocket: Path) -> None:
    with pytest.raises(NotReady, match=r"one \.yaml file"):
        run(PocketEngine(str(tmp_path)).load())
    (tmp_path / "model.yaml").write_text(tiny_pocket.read_text())
    with pytest.raises(NotReady, match="voice"):
        run(PocketEngine(str(tmp_path)).load())


def test_a_model_that_cannot_be_downloaded_says_so_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="cannot load 'english'") as refusal:
        run(PocketEngine("english", cache=str(tmp_path)).load(), timeout_s=60)
    assert "\n" not in str(refusal.value)


def test_the_librarys_own_models_and_voices_are_known() -> None:
    assert {"english", "french", "german", "spanish"} <= set(known_names())
    assert _listed_voices("french")["default"] == "estelle"
    assert {"alba", "marius", "estelle"} <= set(_listed_voices("english"))
