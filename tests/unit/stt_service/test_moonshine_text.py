"""Moonshine's vocabulary and how its tokens are read."""

import pytest

from stt_service.engines.moonshine_text import (
    WrittenWord,
    is_invented,
    most_tokens,
    read_text,
    read_vocabulary,
    read_words,
)

HELLO = [piece.encode() for piece in ("▁Hel", "lo", ",", "▁it", "'", "s", "▁-", "▁me", ".")]


def test_tokens_are_length_and_bytes_and_steering_ones_are_nothing() -> None:
    long = b"x" * 300
    raw = (
        b"\x05<unk>\x03<s>\x04</s>\x01\xe2\x04\xe2\x96\x81a\x0a<<ST_767>>"
        + bytes([128 + 300 % 128, 2])
        + long
    )
    assert read_vocabulary(raw) == [b"", b"", b"", b"\xe2", "▁a".encode(), b"", long]


@pytest.mark.parametrize("raw", [b"\x05ab", b"\x80", b"\x01a\x85\x01"])
def test_a_vocabulary_that_is_cut_off_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="middle of a token"):
        read_vocabulary(raw)


def test_text_and_words_of_tokens() -> None:
    assert read_text(HELLO) == "Hello, it's - me."
    assert read_words(HELLO) == [WrittenWord("Hello,", 0), WrittenWord("it's", 3), WrittenWord("me.", 7)]


def test_a_sign_in_several_tokens_is_put_together_and_half_of_one_left_out() -> None:
    cafe = ["▁caf".encode(), b"\xc3", b"\xa9"]
    assert read_text(cafe) == "café"
    assert read_text(cafe[:2]) == "caf"


@pytest.mark.parametrize("pieces", [[], ["♪".encode()] * 9, [b".", b"..."], ["▁-".encode()]])
def test_what_cannot_be_said_is_no_text(pieces: list[bytes]) -> None:
    assert read_text(pieces) == ""
    assert read_words(pieces) == []


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("You", -0.03),
        ("Thank you for watching.", -0.2),
        ("Cliff", -1.4),
        ("你好你好", -0.2),
        ("Hey, hey, hey, hey", -0.44),
        ("Mm-hmm,", -0.34),
        ("Uh?", -0.75),
        ("", 0.0),
    ],
)
def test_what_it_writes_of_noise_is_known(text: str, confidence: float) -> None:
    assert is_invented(text, confidence)


@pytest.mark.parametrize(
    ("text", "confidence"),
    [
        ("Seven", -0.76),
        ("Oh!", -0.1),
        ("No, no, no!", -0.1),
        ("Thank you.", -0.3),
        ("You are right.", -0.2),
        ("42", -0.3),
    ],
)
def test_what_people_say_is_kept(text: str, confidence: float) -> None:
    assert not is_invented(text, confidence)


def test_a_text_is_no_longer_than_somebody_can_speak() -> None:
    assert [most_tokens(16_000 * seconds, 16_000) for seconds in (0, 2, 10)] == [2, 15, 67]
