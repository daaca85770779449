"""A voice that cannot load has another in its place: told in the log, in the status and by a metric."""

import sys
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.faults import NotReady, Unsupported
from chassis.metrics import REGISTRY
from engine_room.engine_host import EngineHost, State
from tests.engines.tts_conformance import said
from tts_service.__main__ import make_engine
from tts_service.engine import TtsEngine, Voice
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.fake import FakeEngine, turn_of
from tts_service.engines.fallback import FallbackEngine
from tts_service.engines.moshi import MoshiEngine
from tts_service.engines.pair import PairEngine
from tts_service.settings import TtsSettings


def engine_for(no_checkpoint: Path, fallback: str = "pocket") -> TtsEngine:
    """As the service makes it, with a folder in which there is no model."""
    return make_engine(
        TtsSettings.model_validate(
            {"tts_engine": "moshi", "tts_model_name": str(no_checkpoint), "tts_fallback": fallback}
        )
    )


async def test_espeak_speaks_where_neither_of_kyutais_voices_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pocket_tts", None)  # as where it is not installed
    host = EngineHost(engine_for(tmp_path))
    with capture_logs() as logs:
        await host.load()
    assert host.state is State.READY
    info = host.engine.info
    assert info.name == "espeak"
    assert info.fallback.startswith("moshi could not start: ")
    assert "; pocket could not start: pocket needs pocket_tts, which is not installed" in info.fallback
    told = [(log["wanted"], log["engine"]) for log in logs if log["event"] == "fallback"]
    assert told == [("pocket", "espeak"), ("moshi", "espeak")]
    assert REGISTRY.get_sample_value("parley_engine_fallback", {"engine": "espeak"}) == 1
    for name in ("", "default", "expresso/ex03-ex01_happy_001_channel1_334s.wav"):
        assert await said(host.engine, voice=Voice(name=name))
    await host.unload(0)


async def test_espeak_alone_may_stand_in(tmp_path: Path) -> None:
    engine = engine_for(tmp_path, "espeak")
    await engine.load()
    assert engine.info.name == "espeak"
    assert "pocket" not in engine.info.fallback
    await engine.unload()


async def test_nobody_stands_in_where_that_is_refused(tmp_path: Path) -> None:
    engine = engine_for(tmp_path, "none")
    assert isinstance(engine, MoshiEngine)
    with pytest.raises(NotReady, match=r"moshi cannot load|no Kyutai checkpoint"):
        await engine.load()


class Broken(FakeEngine):
    async def load(self) -> None:
        raise NotReady("it is broken")


async def test_kyutais_small_voice_comes_before_espeak() -> None:
    class Pocket(FakeEngine):
        """With a voice of its own, as Pocket TTS has them."""

    pocket = Pocket(first_audio_s=0.001)
    engine = FallbackEngine(MoshiEngine("nowhere", 1), FallbackEngine(pocket, EspeakEngine()))
    await engine.load()
    assert engine.info.name == "fake"
    assert engine.gathers == pocket.gathers
    own = pocket.info.voices[-1]
    engine.check(Voice(name=own))
    engine.check(Voice(name="vctk/p226_023.wav"))
    await engine.unload()


async def test_a_voice_that_nobody_has_is_refused_where_the_chosen_engine_lists_its_own() -> None:
    engine = FallbackEngine(Broken(first_audio_s=0.001), EspeakEngine())
    await engine.load()
    engine.check(Voice(name=Broken().info.voices[-1]))
    with pytest.raises(Unsupported):
        engine.check(Voice(name="nova"))
    await engine.unload()


class English(FakeEngine):
    """Gathers as Pocket TTS does, and knows as many languages."""

    def __init__(self) -> None:
        super().__init__(first_audio_s=0.001, gathers="clause")

    def check(self, voice: Voice) -> None:
        if voice.language not in ("", "en"):
            raise Unsupported(f"it speaks en, not {voice.language!r}")


async def test_what_the_small_voice_does_not_speak_espeak_does() -> None:
    engine = PairEngine(English(), EspeakEngine())
    await engine.load()
    assert engine.info.name == "fake"
    assert {language[:2] for language in engine.info.languages} >= {"en", "fr"}
    english, french = [await said(engine, voice=Voice("default", code, turn=1)) for code in ("en", "fr")]
    assert turn_of(int.from_bytes(english[0].pcm[:2], "little")) == 1
    assert len({speech.pcm[:2] for speech in french}) > 1, "a voice, and no marks"
    with pytest.raises(Unsupported, match="it speaks en, not 'xx'; and espeak has no "):
        engine.check(Voice(language="xx"))
    await engine.unload()


async def test_of_two_voices_none_stays_loaded_where_one_cannot() -> None:
    first = English()
    with pytest.raises(NotReady, match="it is broken"):
        await PairEngine(first, Broken()).load()
    with pytest.raises(NotReady, match="is not loaded"):
        await said(first)
