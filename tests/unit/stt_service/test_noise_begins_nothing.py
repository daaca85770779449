"""Two hundred pieces of noise through all that stands before a turn, the real ear included."""

import asyncio
import threading

import pytest

from engine_room.wheels import WHEELS, fetch
from stt_service.engines.moonshine_model import MoonshineWeights
from stt_service.gate.gate import GateSettings, SpeechGate, Started, Stopped, Voice
from stt_service.gate.noise import NoiseFilter, NoiseSettings
from stt_service.gate.vad import make_vad
from stt_service.service import clean
from tests.support.noises import noises
from tests.support.spoken import silence, speech

PIECES = 200


@pytest.fixture(scope="module")
def weights() -> MoonshineWeights:
    return MoonshineWeights(asyncio.run(fetch(WHEELS["moonshine"])), slots=1)


def understood(weights: MoonshineWeights, gate: SpeechGate, pcm: bytes) -> list[str]:
    """The transcripts that a session would get."""
    noise, texts, audio = NoiseFilter(NoiseSettings()), [], b""
    for output in gate.feed(pcm + silence(1.5)):
        match output:
            case Started():
                audio = b""
            case Voice():
                audio += output.pcm
            case Stopped():
                heard = weights.transcribe(audio, "en", threading.Event(), with_words=False)
                text = clean(" ".join(segment.text for segment in heard))
                if text and not noise.why_dropped(text, output.duration_ms / 1000, output.rms):
                    texts.append(text)
    return texts


def test_no_piece_of_noise_is_taken_for_words(weights: MoonshineWeights) -> None:
    gate = SpeechGate(make_vad("silero"), GateSettings())
    heard = {name: understood(weights, gate, pcm) for name, pcm in noises(PIECES, seed=4)}
    assert {name: texts for name, texts in heard.items() if texts} == {}


def test_speech_among_them_is(weights: MoonshineWeights) -> None:
    gate = SpeechGate(make_vad("silero"), GateSettings())
    for _, pcm in noises(3, seed=5):
        assert not understood(weights, gate, pcm)
        (text,) = understood(weights, gate, speech("I want to go home"))
        assert "home" in text.lower()
