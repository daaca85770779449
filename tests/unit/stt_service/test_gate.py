"""Where the gate says that speech begins and ends, to the sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.faults import InvalidArgument
from protos.sound import HEARD_RATE
from stt_service.gate.gate import GateSettings, SpeechGate
from stt_service.gate.level import energy, peak
from stt_service.gate.outputs import Dismissed, GateOutput, Lull, Noticed, Started, Stopped, Voice
from stt_service.gate.vad import EnergyVad, Judged, SileroVad, make_vad
from tests.support.spoken import silence, speech, tone

WINDOW = 320
WINDOW_MS = 20


class Scripted:
    """A VAD that answers what it is told, window by window, then 0."""

    window_samples = WINDOW

    def __init__(self, *probabilities: float) -> None:
        self._answers = iter(probabilities)
        self.resets = 0

    def judge(self, window: bytes) -> Judged:
        assert len(window) == WINDOW * 2
        return Judged(next(self._answers, 0.0), energy(window), peak(window))

    def reset(self) -> None:
        self.resets += 1


def gate(gate_settings: GateSettings | None = None) -> SpeechGate:
    return SpeechGate(EnergyVad(), gate_settings or GateSettings())


def scripted(*probabilities: float, **changes: float) -> list[GateOutput]:
    """What the gate makes of windows that a VAD finds so likely to be speech."""
    limits = GateSettings(**{"start_trigger_ms": 80, "end_trigger_ms": 60, **changes})  # type: ignore[arg-type]
    return SpeechGate(Scripted(*probabilities), limits).feed(tone(len(probabilities) * WINDOW / HEARD_RATE))


def started(outputs: list[GateOutput]) -> list[int]:
    return [output.sample for output in outputs if isinstance(output, Started)]


def stops(outputs: list[GateOutput]) -> list[Stopped]:
    return [output for output in outputs if isinstance(output, Stopped)]


def voice(outputs: list[GateOutput]) -> bytes:
    return b"".join(output.pcm for output in outputs if isinstance(output, Voice))


AUDIO = silence(0.5) + tone(0.61) + silence(0.3) + tone(0.25) + silence(0.9) + tone(0.4) + silence(0.8)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(AUDIO) // 2), max_size=30))
def test_how_the_audio_was_cut_changes_nothing(cuts: list[int]) -> None:
    lane, outputs = gate(), list[GateOutput]()
    places = sorted({0, len(AUDIO) // 2, *cuts})
    for begin, end in zip(places, [*places[1:], places[-1]], strict=True):
        outputs += lane.feed(AUDIO[2 * begin : 2 * end])
    assert outputs == gate().feed(AUDIO)


def test_start_and_stop_are_exact_to_the_window_of_the_sound() -> None:
    outputs = gate().feed(silence(1.0) + tone(0.5) + silence(1.0))
    assert started(outputs) == [HEARD_RATE]
    (stop,) = stops(outputs)
    assert stop.sample == HEARD_RATE * 3 // 2
    assert (stop.utterance, stop.reason, stop.duration_ms) == (1, "silence", 500.0)
    assert stop.rms == pytest.approx(0.3 / 2**0.5, rel=0.01)


def test_it_says_so_after_the_triggers_and_not_a_window_later() -> None:
    lane = gate(GateSettings(start_trigger_ms=200, end_trigger_ms=600))
    assert lane.feed(tone(0.19)) == [Noticed(0)]
    assert started(lane.feed(tone(0.02))) == [0]
    lane.feed(tone(0.09))
    assert stops(lane.feed(silence(0.59))) == []
    assert len(stops(lane.feed(silence(0.02)))) == 1


def test_utterances_are_counted() -> None:
    outputs = gate().feed((tone(0.4) + silence(0.8)) * 3)
    assert [o.utterance for o in outputs if isinstance(o, Started)] == [1, 2, 3]
    assert [o.utterance for o in outputs if isinstance(o, Stopped)] == [1, 2, 3]


def test_the_engine_gets_pre_roll_speech_and_trailing_silence_once_and_in_order() -> None:
    rising = (np.arange(8000) % 300).astype("<i2").tobytes()  # half a second that is no speech
    audio = rising + tone(0.5) + silence(0.7)
    outputs = gate().feed(audio)
    assert voice(outputs) == audio[2 * (8000 - 6400) : 2 * (16000 + 9600)]


def test_pre_roll_never_repeats_what_the_last_utterance_had() -> None:
    limits = GateSettings(pre_roll_ms=400, end_trigger_ms=100)
    audio = tone(0.4) + silence(0.2) + tone(0.4) + silence(0.2)
    outputs = gate(limits).feed(audio)
    assert len(stops(outputs)) == 2
    assert voice(outputs) == audio[: 2 * round(1.1 * HEARD_RATE)]


def test_pre_roll_of_a_lane_that_just_began_is_what_there_is() -> None:
    assert voice(gate().feed(silence(0.1) + tone(0.2))) == silence(0.1) + tone(0.2)


def test_a_run_outlives_one_unvoiced_window_after_three_voiced() -> None:
    assert started(scripted(1, 1, 1, 0, 1)) == [0]
    assert started(scripted(1, 1, 0, 1, 1)) == []
    assert started(scripted(1, 1, 0, 1, 1, 1, 1)) == [3 * WINDOW]
    assert started(scripted(1, 1, 1, 0, 0, 1)) == []
    assert started(scripted(1, 1, 1, 0, 1, 0, 1, start_trigger_ms=100)) == []


def test_between_the_two_thresholds_nothing_changes() -> None:
    assert started(scripted(0.4, 0.4, 0.4, 0.4, 0.4)) == []
    assert stops(scripted(1, 1, 1, 1, 0.4, 0.4, 0.4, 0.4)) == []
    assert stops(scripted(1, 1, 1, 1, 0.2, 0.4, 0.4))[0].sample == 4 * WINDOW
    assert stops(scripted(1, 1, 1, 1, 0.2, 1, 0.2, 0.2)) == []


def test_what_is_quiet_is_silence_whatever_the_vad_says() -> None:
    def outputs(amplitude: float) -> list[GateOutput]:
        return SpeechGate(Scripted(*[1.0] * 50), GateSettings()).feed(tone(1.0, amplitude))

    assert outputs(0.005) == []
    assert started(outputs(0.02)) == [0]


def voiced(*loudness: float) -> list[GateOutput]:
    """Windows that a VAD takes for speech, then silence: what the gate makes of their level."""
    audio = b"".join(tone(WINDOW / HEARD_RATE, amplitude) for amplitude in loudness)
    return SpeechGate(Scripted(*[1.0] * len(loudness)), GateSettings()).feed(audio + silence(1))


def test_the_level_is_judged_of_all_of_the_speech_and_not_of_single_windows() -> None:
    outputs = voiced(*[0.02, 0.004, 0.003, 0.012] * 20)
    assert started(outputs) == [0]
    (stop,) = stops(outputs)
    assert stop.sample == 80 * WINDOW


def test_a_voice_in_another_room_begins_nothing_and_hides_nobody() -> None:
    assert voiced(*[0.006] * 500) == []
    outputs = voiced(*[0.006] * 500, *[0.1] * 50)
    begun = started(outputs)[0] / WINDOW
    assert 490 <= begun <= 500
    assert len(voice(outputs)) / 2 >= 50 * WINDOW


def test_a_voice_in_another_room_keeps_no_utterance_open() -> None:
    (stop,) = stops(voiced(*[0.1] * 50, *[0.006] * 500))
    assert 50 <= stop.sample / WINDOW <= 60


def test_what_is_quiet_but_for_high_peaks_is_not_silence() -> None:
    click = np.zeros(HEARD_RATE, dtype="<i2")
    click[::320] = 3000
    assert started(SpeechGate(Scripted(*[1.0] * 50), GateSettings()).feed(click.tobytes())) == [0]


def test_flush_ends_the_utterance_with_its_last_samples() -> None:
    lane, audio = gate(), tone(0.407)
    outputs = lane.feed(audio) + lane.flush()
    (stop,) = stops(outputs)
    assert stop.reason == "flush"
    assert voice(outputs) == audio
    # Samples go on being counted from the lane's first.
    assert started(lane.feed(tone(0.4))) == [len(audio) // 2]


def test_flush_without_speech_says_nothing_and_forgets_the_run() -> None:
    lane = gate()
    assert lane.flush() == []
    lane.feed(tone(0.15))
    assert lane.flush() == [Dismissed()]
    assert lane.feed(tone(0.1)) == [Noticed(2400)]


def test_an_endless_utterance_is_cut_and_nothing_is_lost_between() -> None:
    audio = tone(3.5)
    outputs = gate(GateSettings(max_utterance_ms=1000)).feed(audio)
    assert [stop.reason for stop in stops(outputs)] == ["max_duration"] * 3
    assert started(outputs) == [0, 16_000, 32_000, 48_000]
    assert voice(outputs) == audio


def test_reset_forgets_the_utterance_but_not_the_count() -> None:
    vad = Scripted(*[1.0] * 20)
    lane = SpeechGate(vad, GateSettings(start_trigger_ms=100))
    assert started(lane.feed(tone(0.21))) == [0]
    lane.reset()
    assert vad.resets == 1
    assert lane.flush() == []
    again = lane.feed(tone(0.1))
    assert started(again) == [round(0.21 * HEARD_RATE)]
    assert [o.utterance for o in again if isinstance(o, Started)] == [2]
    assert voice(again) == tone(0.1)


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="16-bit"):
        gate().feed(b"\0")
    assert gate().feed(b"") == []


@pytest.mark.parametrize("name", ["start_trigger_ms", "end_trigger_ms", "max_utterance_ms", "pre_roll_ms"])
def test_impossible_settings_are_named(name: str) -> None:
    with pytest.raises(InvalidArgument, match=name):
        GateSettings(**{name: -1})


def test_an_hour_of_silence_leaves_no_memory_behind() -> None:
    lane = gate()
    for _ in range(60):
        lane.feed(silence(60))
    assert sum(map(len, lane._recent)) <= HEARD_RATE * 2
    assert started(lane.feed(tone(0.3))) == [3600 * HEARD_RATE]


@pytest.mark.parametrize("voice_name", ["en-us", "en-gb", "en-us+f3"])
@pytest.mark.parametrize("text", ["Good morning, how are you?", "I want to go home", "Yes, that is right."])
def test_silero_hears_speech_within_300_ms_of_its_first_sound(text: str, voice_name: str) -> None:
    said = speech(text, voice_name)
    audible = int(np.flatnonzero(np.abs(np.frombuffer(said, dtype="<i2").astype(int)) > 330)[0])
    lane, heard_at = SpeechGate(make_vad("silero"), GateSettings()), None
    audio = silence(1) + said + silence(1)
    outputs: list[GateOutput] = []
    for begin in range(0, len(audio), 640):
        outputs += lane.feed(audio[begin : begin + 640])
        if heard_at is None and outputs:
            heard_at = begin // 2 + 320
    assert heard_at is not None
    assert heard_at - HEARD_RATE - audible < 0.3 * HEARD_RATE
    assert abs(started(outputs)[0] - HEARD_RATE - audible) < 0.15 * HEARD_RATE
    assert abs(stops(outputs)[-1].sample - HEARD_RATE - len(said) // 2) < 0.5 * HEARD_RATE


@pytest.mark.parametrize("voice_name", ["en-us", "en-gb+f3"])
@pytest.mark.parametrize(
    "text", ["Good morning, how are you?", "I want to go home", "Could you repeat that, please?"]
)
def test_a_quiet_speaker_is_heard_from_begin_to_end(text: str, voice_name: str) -> None:
    said = np.frombuffer(speech(text, voice_name), dtype="<i2").astype(float)
    quiet = (said * (0.008 * 32768 / np.sqrt(np.mean(said**2)))).astype("<i2").tobytes()
    audible = int(np.flatnonzero(np.abs(said) > 330)[0])
    outputs = SpeechGate(SileroVad(), GateSettings()).feed(silence(1) + quiet + silence(1))
    assert len(started(outputs)) == 1
    assert abs(started(outputs)[0] - HEARD_RATE - audible) < 0.15 * HEARD_RATE
    assert abs(stops(outputs)[0].sample - HEARD_RATE - len(said)) < 0.5 * HEARD_RATE


@pytest.mark.parametrize("amplitude", [0, 100, 500, 2000])
def test_silero_hears_nothing_in_silence_and_noise(amplitude: int) -> None:
    noise = np.random.default_rng(7).normal(0, amplitude, 6 * HEARD_RATE).astype("<i2").tobytes()
    assert SpeechGate(SileroVad(), GateSettings()).feed(noise) == []


def test_a_silence_that_may_be_the_end_is_told_and_so_is_speech_that_goes_on() -> None:
    def lulls(audio: bytes) -> list[bool | str]:
        kept = [output for output in gate().feed(audio) if isinstance(output, Lull | Stopped)]
        return [output.begins if isinstance(output, Lull) else "stopped" for output in kept]

    assert lulls(silence(0.5) + tone(0.6) + silence(0.15) + tone(0.6)) == []
    assert lulls(silence(0.5) + tone(0.6) + silence(0.3) + tone(0.3)) == [True, False]
    assert lulls(silence(0.5) + tone(0.6) + silence(0.9)) == [True, "stopped"]
    assert lulls(tone(0.6) + silence(0.3) + tone(0.3) + silence(0.9) + tone(0.5)) == [
        True,
        False,
        True,
        "stopped",
    ]
