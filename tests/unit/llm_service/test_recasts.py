"""One set of rules: what the analysis counts as a mistake, the tutor says back right and does not praise."""

import re

import pytest

from grammar.checker import check
from llm_service.engine import Level, Message, Prompt
from llm_service.engines.tutoring.dialogue import reply_to
from llm_service.engines.tutoring.hearing import Heard
from llm_service.engines.tutoring.phrases import PRAISE, SHORT
from llm_service.engines.tutoring.recast import recast
from tests.unit.analysis_service.learner_sentences import RIGHT, WRONG

LEVELS: tuple[Level, ...] = ("beginner", "intermediate", "advanced")
FLAGGED = [said for said, _ in WRONG if check(said)]
# As a recogniser writes: no capitals, no points.
HEARD = [re.sub(r"[^\w\s']", "", said.lower()) for said in FLAGGED]
LONG = (
    "I have went to the big new museum in the middle of the old town with all of the people from my school",
    "on the way to the station in the rain with my old umbrella I lost two ticket",
)


def _reply(said: str, level: Level = "intermediate", before: str = "Hi there!") -> str:
    talk = (Message("system", "x"), Message("assistant", before), Message("user", said))
    return reply_to(Prompt(1, talk, level=level)).text


def _praises(level: Level) -> tuple[str, ...]:
    quoting = tuple(re.sub(r'.*\{quote\}"?', "", phrase).strip(" :,.") for phrase in SHORT[level])
    return (*PRAISE[level], *(phrase for phrase in quoting if phrase))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("said", [*FLAGGED, *HEARD])
def test_what_the_analysis_flags_is_recast_and_not_praised(said: str, level: Level) -> None:
    reply = _reply(said, level)
    mistake = recast(Heard(said))
    assert mistake is not None
    assert mistake.spoken.lower() in reply.lower()
    assert not [praise for praise in _praises(level) if praise in reply]


@pytest.mark.parametrize("said", LONG)
def test_of_a_long_sentence_the_part_put_right_is_said_back(said: str) -> None:
    correction = check(said)
    mistake = recast(Heard(said))
    assert correction is not None
    assert mistake is not None
    assert mistake.spoken.lower() in _reply(said).lower()
    assert len(mistake.spoken.split()) <= 12
    new = set(correction.right.lower().split()) - set(said.lower().split())
    assert new <= set(mistake.spoken.split())


@pytest.mark.parametrize(
    ("said", "echo"),
    [
        ("i have went to london", "you have gone to London"),
        ("i am agree with you", "you agree with me"),
        ("i must to go to work", "you must go to work"),
        ("i very like pizza", "you really like pizza"),
        ("i no have time", "you don't have time"),
        ("my name is ana and i have 25 years", "you're 25 years old"),
        ("goodbye i have two dog", "you have two dogs"),
    ],
)
def test_the_right_form_is_said_from_the_tutors_side(said: str, echo: str) -> None:
    assert echo in _reply(said)


def test_two_short_mistakes_are_put_right_together_and_no_more_than_two() -> None:
    told = _reply("yesterday he go to the doctor and he have two injection")
    assert "yesterday he went to the doctor, and he has two" in told
    many = recast(Heard("i have dog and she like it and we was happy and they is old"))
    assert many is not None
    assert many.spoken == "you have a dog, and she likes it"
    long = recast(Heard("i have two dog in my house near the big river and she like to swim in it very much"))
    assert long is not None
    assert long.spoken == "you have two dogs in your house near the big river"


@pytest.mark.parametrize(
    ("asked", "echo"),
    [
        ("where you live", "Where do I live?"),
        ("how many money do you need", "How much money do I need?"),
        ("how is called this", "What is this called?"),
    ],
)
def test_a_question_put_right_is_a_question_back_before_it_is_answered(asked: str, echo: str) -> None:
    assert _reply(asked).startswith(echo)


def test_a_question_put_right_is_the_one_that_is_answered() -> None:
    assert "Me?" in _reply("where you live")
    assert "Sure, listen to me: cat" in _reply("how you pronounce cat")


def test_right_sentences_are_praised_as_ever() -> None:
    assert [said for said in RIGHT if recast(Heard(said))] == []
