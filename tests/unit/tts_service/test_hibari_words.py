"""A clause's words, the words that are spoken, and where each begins."""

import pytest

from tts_service.engines.hibari_words import (
    LONGEST_WORD,
    MOST_CHARACTERS,
    MOST_PHONEMES,
    Line,
    lay_out,
    match,
    parts,
)
from tts_service.text.pauses import NO_PAUSE_MS, SENTENCE_PAUSE_MS

LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz .,“")
EXPANDED = {"km": "kilo meters", "$5": "five dollars", "10:30": "ten thirty"}


def read(text: str) -> list[tuple[str, str]]:
    """Letters are their own phonemes; some words become several, and digits have no sound."""
    words = " ".join(EXPANDED.get(word, word) for word in text.split()).split()
    return [(word, "".join(c for c in word.lower() if not c.isdigit())) for word in words]


def laid_out(text: str, speed: float = 1.0) -> list[Line]:
    return lay_out(text.split(), read, LETTERS, speed)


def begins(line: Line) -> list[tuple[str, str]]:
    """Each word with the phonemes from where it begins, as far as its own first three."""
    return [(word, line.phonemes[index : index + 4].strip(" .,“")[:3]) for word, index in line.words]


def test_each_word_begins_at_its_phonemes() -> None:
    (line,) = laid_out("Hello there, my “friend”.")
    assert begins(line) == [("Hello", "hel"), ("there,", "the"), ("my", "my"), ("“friend”.", "fri")]
    assert line.pause_ms == SENTENCE_PAUSE_MS


def test_a_word_that_is_spoken_as_several_begins_with_the_first() -> None:
    (line,) = laid_out("run km at 10:30 for $5 now")
    found = dict(begins(line))
    assert (found["km"], found["10:30"], found["$5"], found["now"]) == ("kil", "ten", "fiv", "now")


def test_a_word_without_a_sound_begins_between_its_neighbours() -> None:
    (line,) = laid_out("one 77 two")
    indices = [index for _, index in line.words]
    assert [word for word, _ in line.words] == ["one", "77", "two"]
    assert indices == sorted(indices)


@pytest.mark.parametrize("text", ["77 8 9", "…", "— ?!"])
def test_what_has_no_sound_is_no_line_to_speak(text: str) -> None:
    assert not any(line.is_spoken for line in laid_out(text))


def test_marks_are_no_words() -> None:
    (line,) = laid_out("one — two & three …")
    assert [word for word, _ in line.words] == ["one", "two", "three"]


def test_a_long_clause_is_several_lines_about_as_long_and_every_word_is_in_its_own() -> None:
    words = [f"w{'abcdefghij'[n % 10] * (n % 7)}" for n in range(70)]
    lines = laid_out(" ".join(words))
    assert len(lines) == 2
    assert all(len(line.phonemes) <= MOST_PHONEMES for line in lines)
    assert abs(len(lines[0].phonemes) - len(lines[1].phonemes)) < 20
    assert [word for line in lines for word, _ in line.words] == words
    for line in lines:
        assert all(begin == word[:3] or len(word) < 3 for word, begin in begins(line))
    assert [line.pause_ms for line in lines] == [NO_PAUSE_MS, NO_PAUSE_MS]


def test_a_long_clause_is_cut_at_a_comma_near_its_middle_and_slow_speech_sooner() -> None:
    text = "abc " * 25 + "abc, " + "abc " * 30
    assert [len(line.words) for line in laid_out(text)] == [26, 30]
    short = "abc " * 30
    assert [len(laid_out(short, speed)) for speed in (0.5, 1.0, 2.0)] == [2, 1, 1]


def test_a_word_of_any_length_is_read_to_its_end() -> None:
    (line,) = laid_out("x" * 4 * LONGEST_WORD + ".")
    assert line.words == (("x" * 4 * LONGEST_WORD + ".", 0),)
    assert line.phonemes.count("x") == 4 * LONGEST_WORD


@pytest.mark.parametrize(
    ("text", "said", "at"),
    [
        ("a b c", "a b c", [0, 1, 2]),
        ("A, b.", "a b", [0, 1]),
        ("a 3km b", "a three kilometers b", [0, 1, 3]),
        ("a b c d", "a x d", [0, 1, 1.5, 2]),
        ("a b c", "a c", [0, 1, 1]),
        ("a b", "a", [0, 1]),
        ("a b", "", [0, 0]),
        ("", "a", []),
    ],
)
def test_words_are_matched_with_what_is_said(text: str, said: str, at: list[float]) -> None:
    assert match(text.split(), said.split()) == at


def test_a_text_is_read_in_parts_of_whole_words() -> None:
    words = ["word"] * 200
    found = list(parts(" ".join(words)))
    assert [word for part in found for word in part] == words
    assert all(len(" ".join(part)) <= MOST_CHARACTERS for part in found)
    assert list(parts(" ")) == []
    assert list(parts("x" * 900)) == [["x" * 900]]
