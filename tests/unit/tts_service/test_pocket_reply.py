"""Pieces and word times of a clause whose engine tells neither."""

import numpy as np
import pytest

from protos.sound import SPOKEN_RATE
from tts_service.engine import Speech
from tts_service.engines.pieces import PIECE_SAMPLES
from tts_service.engines.pocket_reply import USUAL_PACE, ClauseSpeech, Pace, is_spoken

FRAME = 1920


def spoken(
    clause: str,
    seconds: float,
    pace: Pace | None = None,
    begin: int = 0,
    speed: float = 1.0,
    volume: float = 1.0,
) -> list[Speech]:
    speech = ClauseSpeech(clause, begin, pace or Pace(), speed, volume)
    samples = np.full(round(seconds * SPOKEN_RATE), 0.75, np.float32)
    pieces: list[Speech] = []
    for start in range(0, len(samples), FRAME):
        pieces += speech.feed(samples[start : start + FRAME])
    return pieces + speech.finish()


def words(pieces: list[Speech]) -> list[tuple[str, int]]:
    return [(word.text, word.start_sample) for piece in pieces for word in piece.words]


def length(pieces: list[Speech]) -> int:
    return sum(len(piece.pcm) for piece in pieces) // 2


def test_no_sample_is_lost_and_no_piece_is_long() -> None:
    pieces = spoken("Hello there, my friend.", 1.7)
    assert length(pieces) == round(1.7 * SPOKEN_RATE)
    assert all(0 < len(piece.pcm) <= 2 * PIECE_SAMPLES for piece in pieces)


@pytest.mark.parametrize("seconds", [0.02, 0.3, 1.5, 8.0])
def test_every_word_is_told_however_long_the_clause_turns_out(seconds: float) -> None:
    pieces = spoken("Hello there, my friend.", seconds, begin=5000)
    assert [text for text, _ in words(pieces)] == ["Hello", "there,", "my", "friend."]
    position = 5000
    for piece in pieces:
        end = position + len(piece.pcm) // 2
        assert all(position <= word.start_sample < end for word in piece.words)
        position = end
    starts = [start for _, start in words(pieces)]
    assert starts == sorted(starts)


def test_words_are_spread_by_their_letters() -> None:
    found = dict(words(spoken("one three five", 14 * USUAL_PACE / SPOKEN_RATE)))
    assert found == {"one": 0, "three": round(4 * USUAL_PACE), "five": round(10 * USUAL_PACE)}


def test_the_pace_of_a_voice_is_learned() -> None:
    pace = Pace()
    for _ in range(20):
        spoken("one three five", 2.0, pace)
    assert pace.samples == pytest.approx(2.0 * SPOKEN_RATE / 14, rel=0.01)
    assert dict(words(spoken("one three five", 2.0, pace)))["five"] == pytest.approx(
        2.0 * SPOKEN_RATE * 10 / 14, rel=0.01
    )


def test_a_clause_that_never_ends_does_not_spoil_the_pace() -> None:
    pace = Pace()
    for _ in range(50):
        pace.learn(1e9, 3)
    assert pace.samples <= 3 * USUAL_PACE


def test_speed_shortens_the_clause_and_not_the_pace() -> None:
    pace = Pace()
    usual, fast = spoken("one three five", 2.0), spoken("one three five", 2.0, pace, speed=2.0)
    assert length(fast) == pytest.approx(length(usual) / 2, abs=2)
    assert pace.samples == pytest.approx(USUAL_PACE + 0.3 * (2.0 * SPOKEN_RATE / 14 - USUAL_PACE), rel=0.01)


@pytest.mark.parametrize(("volume", "level"), [(0.0, 0), (1.0, 24575), (2.0, 32767)])
def test_volume_is_a_factor_without_wrapping_round(volume: float, level: int) -> None:
    pcm = b"".join(piece.pcm for piece in spoken("Hello", 0.3, volume=volume))
    assert int(np.frombuffer(pcm, "<i2").max()) == pytest.approx(level, abs=1)


def test_what_a_broken_model_makes_is_silence() -> None:
    speech = ClauseSpeech("Hello", 0, Pace(), 1.0, 1.0)
    pieces = speech.feed(np.full(FRAME, np.nan, np.float32)) + speech.finish()
    assert set(b"".join(piece.pcm for piece in pieces)) == {0}


@pytest.mark.parametrize(
    ("clause", "expected"), [("Hi.", True), ("3", True), ("…", False), ("—", False), ("", False)]
)
def test_marks_alone_are_not_spoken(clause: str, expected: bool) -> None:
    assert is_spoken(clause) is expected
