"""The engines that need no library of their own keep to what every engine keeps to."""

import pytest

from tests.engines.tts_conformance import TtsConformance
from tts_service.engine import TtsEngine
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.fake import FakeEngine
from tts_service.engines.fallback import FallbackEngine
from tts_service.engines.hibari import HibariEngine


class TestFakeByWords(TtsConformance):
    refuses = follows_speed = False

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> TtsEngine:
        return FakeEngine(first_audio_s=0.001, slots=2)


class TestFakeByClauses(TestFakeByWords):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> TtsEngine:
        return FakeEngine(first_audio_s=0.001, slots=2, gathers="clause")


class TestEspeak(TtsConformance):
    same_again = False

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> TtsEngine:
        return EspeakEngine(slots=2)


class TestHibari(TtsConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> TtsEngine:
        return HibariEngine(EspeakEngine(slots=2), slots=2)


class TestHibariThatCannotBeFetched(TtsConformance):
    """espeak in its place."""

    same_again = False

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tmp_path_factory: pytest.TempPathFactory) -> TtsEngine:
        file = tmp_path_factory.mktemp("weights") / "file"
        file.touch()
        return FallbackEngine(HibariEngine(EspeakEngine(slots=2), slots=2, folder=str(file)), EspeakEngine(2))
