"""A voice is told of before it has lasted long enough to be speech."""

from stt_service.gate.gate import GateSettings
from stt_service.gate.outputs import Dismissed, GateOutput, Noticed, Started
from tests.support.spoken import silence, tone
from tests.unit.stt_service.test_gate import gate


def test_a_voice_is_noticed_long_before_it_is_speech_and_dismissed_when_it_does_not_last() -> None:
    lane = gate(GateSettings(start_trigger_ms=200))
    assert lane.feed(silence(0.1) + tone(0.04)) == []
    assert lane.feed(tone(0.02)) == [Noticed(1600)]
    assert lane.feed(tone(0.08)) == []
    assert lane.feed(silence(0.04)) == [Dismissed()]
    assert lane.feed(silence(1.0)) == []


def test_what_is_forgotten_is_dismissed() -> None:
    lane = gate()
    assert lane.feed(tone(0.1)) == [Noticed(0)]
    assert lane.reset() == [Dismissed()]
    assert lane.reset() == []


def test_a_click_is_not_noticed_nor_is_what_is_too_quiet_to_be_anybody_here() -> None:
    lane = gate(GateSettings(start_trigger_ms=200))
    assert lane.feed(tone(0.04) + silence(0.5)) == []
    far = gate(GateSettings(start_trigger_ms=200, rms_threshold=0.9, peak_threshold=1.0))
    assert far.feed(tone(0.5) + silence(0.5)) == []


def test_who_is_noticed_is_started_or_dismissed_once_however_the_audio_is_cut() -> None:
    audio = tone(0.1) + silence(0.1) + tone(0.1) + silence(0.02) + tone(0.3) + silence(0.8) + tone(0.15)
    whole = gate().feed(audio)
    lane, pieces = gate(), list[GateOutput]()
    for start in range(0, len(audio), 322):
        pieces += lane.feed(audio[start : start + 322])
    edges = [output for output in pieces if isinstance(output, Noticed | Dismissed | Started)]
    assert edges == [output for output in whole if isinstance(output, Noticed | Dismissed | Started)]
    kinds = [type(output) for output in edges]
    assert kinds == [Noticed, Dismissed, Noticed, Started, Noticed]
