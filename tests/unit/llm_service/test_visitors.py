"""What visitors ask a voice in a machine is answered honestly, and what no rule answers is known as such."""

import re

import pytest

from llm_service.engine import Message, Prompt
from llm_service.engines.tutoring.beyond import Beyond
from llm_service.engines.tutoring.dialogue import Reply, reply_to


def _reply(said: str) -> Reply:
    talk = (Message("assistant", "Hi there! I'm Alex, your English tutor."), Message("user", said))
    return reply_to(Prompt(1, talk))


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("who made you", "program"),
        ("what is parley", "program for talking"),
        ("are you a person or a program", "I'm Alex, and I'm a program"),
        ("do you listen to me when i am not talking", "microphone"),
        ("where do you keep what i say", "whoever runs this page"),
        ("do you record this", "whoever runs this page"),
        ("do you ever get tired", "voice in a machine"),
        ("do you have any children", "no family"),
        ("can you order a pizza for me", "can only talk"),
        ("please call my mother", "can only talk"),
        ("sing a song for me", "can't sing"),
        ("tell me a short story", "Once there was"),
        ("can you recommend a good film", "never seen a film"),
        ("what should i cook tonight", "soup|rice"),
        ("what do you think about my country", "opinions about your country"),
        ("what is the difference between say and tell", "tell somebody"),
        ("difference between much and many please tell me", "count"),
    ],
)
def test_a_visitor_gets_an_honest_answer_and_a_question(asked: str, answered: str) -> None:
    reply = _reply(asked)
    assert re.search(answered, reply.text)
    assert reply.text.endswith("?")
    assert reply.beyond is None


@pytest.mark.parametrize(
    ("said", "beyond"),
    [
        ("why is the sky blue", "world"),
        ("what is a lighthouse", "thing"),
        ("what is honey", "thing"),
        ("what is two plus two", "world"),
        ("what is the capital of france", "world"),
        ("what is the difference between a fox and a wolf", "world"),
        ("how can i sleep better in a hot room", "chat"),
        ("who knows me", "chat"),
        ("i think time goes faster when you get old", "told"),
        ("i like green tea", None),
        ("what does reliable mean", None),
        ("what does gleam mean", None),
        ("my grandmother is sick and i am worried", None),
        ("i have went to london", None),
        ("goodbye", None),
        ("", None),
    ],
)
def test_what_no_rule_answers_is_known_as_such(said: str, beyond: Beyond | None) -> None:
    reply = _reply(said)
    assert reply.beyond == beyond
    assert reply.text.endswith("?") or said == "goodbye"
    assert reply.question.endswith("?") if beyond else not reply.question


def test_a_mistake_in_such_a_question_is_put_right_by_whoever_answers_it() -> None:
    reply = _reply("how many money have the queen")
    assert reply.beyond == "world"
    assert reply.echo
    assert reply.text.startswith(reply.echo)
