"""By its words: does it interrupt?"""

import pytest

from gateway.conversation.interruption import Overlap, Verdict, judge

REPLY = "I think you would like the old town, because the streets are quiet and the cafes are open late."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("mm", "en"),
        ("Mhm.", "en"),
        ("Hm, hm.", "en"),
        ("Uh-huh.", "en-GB"),
        ("OK", "en"),
        ("Yeah, yeah, right.", "en"),
        ("Oh, I see!", "en"),
        ("That’s right.", "en"),
        ("No way!", "en"),
        ("That's great.", "en"),
        ("How interesting!", "en"),
        ("Oh, very nice.", "en"),
        ("Sí, claro.", "es"),
        ("Ah bon ?", "fr_FR"),
        ("Ach so, ja.", "de"),
        ("Hm.", "tlh"),
        ("", "en"),
        ("  ...", "en"),
    ],
)
def test_who_listens_does_not_interrupt(text: str, language: str) -> None:
    assert judge(Overlap(text, ended=False, language=language)) is Verdict.PENDING
    assert judge(Overlap(text, ended=True, language=language)) is Verdict.FALSE


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("stop it", "en"),
        ("No, that", "en"),
        ("Oh no not", "en"),
        ("Uh, wait a", "en"),
        ("Excuse me, I", "en"),
        ("yeah but I meant", "en"),
        ("right so where is it", "en"),
        ("¡Espera! Yo", "es"),
        ("Attendez un", "fr"),
        ("Moment mal", "de"),
        ("what about the one", "tlh"),
        ("yeah yeah yeah yeah yeah", "en"),
    ],
)
def test_who_has_something_to_say_interrupts_at_once(text: str, language: str) -> None:
    assert judge(Overlap(text, ended=False, language=language)) is Verdict.REAL
    assert judge(Overlap(text, ended=True, language=language)) is Verdict.REAL


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("stop", "en"),
        ("No.", "en"),
        ("Oh no", "en"),
        ("Uh, wait", "en"),
        ("Please stop.", "en"),
        ("Excuse me", "en"),
        ("Why?", "en"),
        ("Say again", "en"),
        ("¡Espera!", "es"),
        ("Attendez", "fr"),
        ("Dienstag", "de"),
        ("wejpuH", "tlh"),
        ("what about", "tlh"),
    ],
)
def test_few_words_interrupt_once_they_are_said_whole(text: str, language: str) -> None:
    assert judge(Overlap(text, ended=False, language=language)) is Verdict.PENDING
    assert judge(Overlap(text, ended=True, language=language)) is Verdict.REAL


@pytest.mark.parametrize("text", ["Mama.", "Well.", "Darted.", "Them."])
def test_one_word_that_calls_nobody_is_a_hum_misheard(text: str) -> None:
    assert judge(Overlap(text, ended=True)) is Verdict.FALSE
    assert judge(Overlap(text, ended=True, closing=True)) is Verdict.REAL


def test_words_that_the_recogniser_doubts_interrupt_only_where_they_mean_stop() -> None:
    assert judge(Overlap("And chorus.", ended=True)) is Verdict.REAL
    assert judge(Overlap("And chorus.", ended=True, guessed=True)) is Verdict.FALSE
    assert judge(Overlap("Stop at please.", ended=True, guessed=True)) is Verdict.REAL
    assert judge(Overlap("And chorus.", ended=True, guessed=True, closing=True)) is Verdict.REAL


@pytest.mark.parametrize("text", ["No way", "Oh, me, Ali", "And now please", "I'll read"])
def test_a_guess_that_may_become_a_hum_proves_nothing(text: str) -> None:
    assert judge(Overlap(text)) is Verdict.PENDING


@pytest.mark.parametrize(
    "text", ["the old town because the", "old town, because these streets", "cafes are open"]
)
def test_an_echo_is_the_replys_own_words_in_a_row_give_or_take_one(text: str) -> None:
    assert judge(Overlap(text, ended=True, spoken=REPLY)) is Verdict.FALSE


@pytest.mark.parametrize(
    "text", ["I like the streets", "is the town open", "you think the cafes are late", "the the the"]
)
def test_words_that_both_say_are_no_echo_where_the_rest_is_not(text: str) -> None:
    assert judge(Overlap(text, ended=True, spoken=REPLY)) is Verdict.REAL


def test_a_word_that_means_stop_is_an_echo_only_where_the_reply_says_it() -> None:
    spoken = "Then they said wait a moment please."
    assert judge(Overlap("wait a moment please", ended=True, spoken=spoken)) is Verdict.FALSE
    assert judge(Overlap("stop they said wait a moment", ended=True, spoken=spoken)) is Verdict.REAL


def test_at_the_end_of_a_question_a_yes_is_its_answer() -> None:
    assert judge(Overlap("yes", ended=True, closing=True)) is Verdict.REAL
    assert judge(Overlap("", ended=True, closing=True)) is Verdict.FALSE
    tea = "Do you like black tea or green tea?"
    assert judge(Overlap("Green tea.", ended=True, spoken=tea, closing=True)) is Verdict.REAL
    assert judge(Overlap("black tea or green tea", ended=True, spoken=tea, closing=True)) is Verdict.FALSE
    assert judge(Overlap("Green tea.", ended=True, spoken=tea)) is Verdict.FALSE


def test_of_what_is_not_final_the_last_word_does_not_count() -> None:
    assert judge(Overlap("on Tuesday we swim")) is Verdict.REAL
    assert judge(Overlap("on Tuesday we")) is Verdict.PENDING
    assert judge(Overlap("on Tuesday we", least_words=2)) is Verdict.REAL


def test_where_no_words_are_known_that_stand_alone_any_may() -> None:
    assert judge(Overlap("Dienstag", ended=True, language="de")) is Verdict.REAL
