"""History is what was heard: the reply cut at the last word played."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation.events import Word
from gateway.conversation.reply import Reply, cut_after_words


@pytest.mark.parametrize(
    ("text", "heard", "expected"),
    [
        ("Tea is lovely. Which kind?", ["Tea", "is", "lovely."], "Tea is lovely."),
        ("Tea is lovely. Which kind?", [], ""),
        ("**Tea** is lovely", ["tea"], "**Tea**"),
        ("the cat and the dog", ["the", "cat", "and", "the"], "the cat and the"),
        ("It costs 5 dollars now", ["It", "costs", "five", "dollars"], "It costs 5 dollars"),
        ("Nothing of this", ["was", "spoken"], ""),
    ],
)
def test_the_cut_is_after_the_last_word_found(text: str, heard: list[str], expected: str) -> None:
    assert cut_after_words(text, heard) == expected


@given(st.text(max_size=200), st.lists(st.text(max_size=8), max_size=20))
def test_what_was_heard_is_always_a_beginning_of_what_was_written(text: str, heard: list[str]) -> None:
    assert text.startswith(cut_after_words(text, heard))


def test_an_engine_without_word_times_is_cut_by_its_share_of_time() -> None:
    reply = Reply(1, 1, "tutor", "", 0.0, text="one two three four", audio_samples=400, played_samples=200)
    assert reply.heard_text() == "one two"


def test_a_word_counts_once_anything_of_it_was_played() -> None:
    reply = Reply(
        1, 1, "tutor", "", 0.0, text="one two", audio_samples=200, words=[Word("one", 0), Word("two", 100)]
    )
    reply.played_samples = 100
    assert reply.heard_text() == "one"
    reply.played_samples = 101
    assert reply.heard_text() == "one two"
