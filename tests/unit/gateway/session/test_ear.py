"""What nobody can hear is counted, and when a speech began is known."""

from typing import Any

import pytest

from gateway.audio.microphone import SAMPLE_RATE, Microphone
from gateway.conversation import events as e
from gateway.session.ear import Ear
from protos.parley.v1 import stt_pb2
from tests.support.measured import moving


def make(microphone: Microphone, posted: list[e.Event]) -> Ear:
    nowhere: Any = None
    return Ear(nowhere, "s1", "en", microphone, posted.append, lambda: 5.0)


def test_what_is_said_while_no_lane_is_open_is_counted_in_seconds() -> None:
    ear = make(Microphone(0.7), [])
    with moving("parley_dropped_audio_seconds_total", path="microphone") as dropped:
        ear.hear(bytes(SAMPLE_RATE // 2 * 2))
        ear.hear(bytes(SAMPLE_RATE // 4 * 2))
    assert dropped.by == pytest.approx(0.75)


def test_a_speech_began_with_its_first_voiced_sample_not_with_its_being_noticed() -> None:
    microphone, posted = Microphone(0.7), list[e.Event]()
    ear = make(microphone, posted)
    microphone.heard(SAMPLE_RATE, at=4.9)
    started = stt_pb2.SpeechStarted(utterance=1, sample=SAMPLE_RATE - SAMPLE_RATE // 4)
    ear._translate(stt_pb2.ListenEvent(speech_started=started))
    assert ear.voiced_at == pytest.approx(4.65)
    assert posted == [e.UserSpeechStarted(5.0, 1)]
