"""Text that comes cut anywhere, gathered into clauses and words."""

import time
from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_service.text.gather import (
    MAX_CHARACTERS,
    ClauseGatherer,
    Flush,
    WordGatherer,
    gather_clauses,
    gather_words,
)


def clauses(*pieces: str) -> list[str]:
    gatherer = ClauseGatherer()
    return [clause for piece in pieces for clause in gatherer.feed(piece)] + gatherer.finish()


def words(*pieces: str) -> list[str]:
    gatherer = WordGatherer()
    return [word for piece in pieces for word in gatherer.feed(piece)] + gatherer.finish()


CLAUSES = [
    ("Hello, I am here. How are you? Fine", ["Hello,", "I am here.", "How are you?", "Fine"]),
    ("Yes, one, two, three. Four", ["Yes,", "one, two, three.", "Four"]),
    ("One two three four five six seven eight", ["One two three four five six", "seven eight"]),
    ("Pi is 3.5 or so. Yes", ["Pi is 3.5 or so.", "Yes"]),
    ("I know Mr. Smith, e.g. from work. Yes", ["I know Mr. Smith,", "e.g. from work.", "Yes"]),
    ("J. R. Smith came. Yes", ["J. R. Smith came.", "Yes"]),
    ("We have about 10 000 200 000 of them", ["We have about 10 000 200 000 of", "them"]),
    ("Wait... what? No", ["Wait...", "what?", "No"]),
    ('He said "Go!" Then left.', ['He said "Go!"', "Then left."]),
    ("**Hi!** You", ["Hi!", "You"]),
    ("1. Buy milk\n2. Eat it", ["1. Buy milk", "2. Eat it"]),
    ("# Title\n\nText", ["Title", "Text"]),
    ("See https://a.b/c?d=e. Yes", ["See a dot b.", "Yes"]),
    ("你好。世界。", ["你好。", "世界。"]),
    ("😀 \n ** \n Hello there", ["Hello there"]),
    ("Look:\n```py\na = 1. b\n```\nDone", ["Look:", "Done"]),
    ("Look:\n```py\nnever closed. b", ["Look:"]),
    ("", []),
]


@pytest.mark.parametrize(("text", "expected"), CLAUSES)
def test_clauses_end_where_a_reader_would_pause(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected
    assert clauses(*text) == expected


PROSE = st.text(alphabet="ab1 ,.;!?\n`*_[]():…。，\"'A") | st.text()


@given(PROSE, st.lists(st.integers(0, 200), max_size=12))
def test_how_the_text_was_cut_changes_nothing(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    pieces = [text[begin:end] for begin, end in pairwise(places)]
    assert clauses(*pieces) == clauses(text)
    assert words(*pieces) == words(text)


@given(st.text(alphabet="abcdefgh ,.\n", max_size=2000))
def test_no_letter_is_lost_and_no_clause_too_long(text: str) -> None:
    found = clauses(text)
    assert [c for c in "".join(found) if c.isalnum()] == [c for c in text if c.isalnum()]
    assert all(len(clause) <= MAX_CHARACTERS for clause in found)


def test_the_first_clause_does_not_wait_for_what_follows_its_space() -> None:
    gatherer = ClauseGatherer()
    assert gatherer.feed("Well,") == []
    assert gatherer.feed(" ") == ["Well,"]


def test_markdown_that_spans_pieces_is_not_spoken() -> None:
    assert clauses("It is **bo", "ld** he", "re.") == ["It is bold here."]
    assert clauses("Code: `", "``py\nx = 1\n`", "`", "` done") == ["Code:", "done"]


def test_a_flush_speaks_what_is_gathered() -> None:
    gatherer = ClauseGatherer()
    assert gatherer.feed("Let me look") == []
    assert gatherer.flush() == ["Let me look"]
    assert gatherer.feed("that up, now") == ["that up,"]


def test_a_megabyte_without_a_space_is_cut_in_linear_time() -> None:
    began = time.perf_counter()
    found = clauses("x" * 1_000_000)
    assert time.perf_counter() - began < 5
    assert len(found) == 1_000_000 // MAX_CHARACTERS
    assert len("".join(words("x" * 100_000))) == 100_000


def test_words_keep_the_punctuation_that_touches_them() -> None:
    assert words("Hel", "lo, **my", "** friend — yes!") == ["Hello,", "my", "friend", "yes!"]


async def test_generators_gather_and_obey_flush() -> None:
    async def pieces() -> AsyncIterator[str | Flush]:
        for piece in ("Let me", " see", Flush(), "Here it ", "is. The", " end"):
            yield piece

    assert [c async for c in gather_clauses(pieces())] == ["Let me see", "Here it is.", "The end"]
    single = [word async for word in gather_words(pieces())]
    assert single == ["Let", "me", "see", "Here", "it", "is.", "The", "end"]
