"""The engines that need no library of their own keep to what every engine keeps to."""

import pytest

from tests.engines.tts_conformance import TtsConformance
from tts_service.engine import TtsEngine
from tts_service.engines.espeak import EspeakEngine
from tts_service.engines.fake import FakeEngine


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
