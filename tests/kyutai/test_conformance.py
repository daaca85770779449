"""Kyutai's ear and voice keep to what every engine keeps to."""

from pathlib import Path

import pytest

from stt_service.engine import SttEngine
from tests.engines.stt_conformance import SttConformance
from tests.engines.tts_conformance import TtsConformance
from tests.kyutai.ears import make_ear
from tts_service.engine import TtsEngine
from tts_service.engines.moshi import MoshiEngine as Mouth

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]


class TestEar(SttConformance):
    foreign_language = ""  # a checkpoint says nothing of its languages

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, stt_checkpoint: Path) -> SttEngine:
        return make_ear(stt_checkpoint, slots=2, device="cpu")


class TestMouth(TtsConformance):
    same_again = False  # a voice draws its sounds

    @pytest.fixture(scope="class")
    @classmethod
    def made(cls, tts_checkpoint: Path) -> TtsEngine:
        return Mouth(str(tts_checkpoint), slots=2, device="cpu")
