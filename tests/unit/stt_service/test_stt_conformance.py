"""The engines that need no library of their own keep to what every engine keeps to."""

import pytest

from stt_service.engine import SttEngine
from stt_service.engines.fake import FakeEngine
from stt_service.engines.moonshine import MoonshineEngine
from tests.engines.stt_conformance import SttConformance


class TestFake(SttConformance):
    foreign_language = ""
    tells_words_apart = False

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> SttEngine:
        return FakeEngine(final_s=0.01, slots=2)


class TestMoonshine(SttConformance):
    @pytest.fixture(scope="class")
    @classmethod
    def made(cls) -> SttEngine:
        return MoonshineEngine(slots=2)
