"""Who has not finished by their words is waited for a little longer, and no longer than that."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from gateway.conversation.unfinished import calls_for_more
from tests.unit.gateway.conversation.test_turns import only

WAIT_S = Limits().patience_s


def said(text: str, limits: Limits | None = None) -> Conversation:
    """Somebody began at 0, fell silent at 1, and this was understood at 1.7."""
    conversation = Conversation([TUTOR], limits)
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.UserSpeechStopped(1.6, 1, 1.0))
    conversation.receive(e.TranscriptFinished(1.7, 1, text))
    return conversation


def question(commands: list[Command]) -> str:
    (start,) = only(commands, do.StartReply)
    return start.messages[-1].content


def test_what_is_finished_is_answered_at_once() -> None:
    assert said("My number is five five five one two three four five six seven.").phase is Phase.THINKING


def test_what_follows_the_pause_belongs_to_the_same_turn() -> None:
    conversation = said("My number is five five five.")
    assert conversation.phase is Phase.USER_TURN
    assert only(conversation.receive(e.UserSpeechStarted(2.5, 2)), do.RecordTurn) == []
    conversation.receive(e.UserSpeechStopped(5.0, 2, 4.4))
    commands = conversation.receive(e.TranscriptFinished(5.1, 2, "one two three four five six seven."))
    assert question(commands) == "My number is five five five. one two three four five six seven."
    assert conversation.turn == 1


def test_who_says_no_more_is_answered_and_the_wait_counts_as_the_end_of_the_turn() -> None:
    conversation = said("I would like tea and")
    assert conversation.next_deadline() == pytest.approx(1.7 + WAIT_S)
    assert conversation.on_deadline(1.7 + WAIT_S - 0.01) == []
    commands = conversation.on_deadline(1.7 + WAIT_S)
    assert question(commands) == "I would like tea and"
    assert only(commands, n.ErrorOccurred) == []
    latencies = conversation.state.timing.latencies()
    assert latencies.end_of_turn_s == pytest.approx(0.7 + WAIT_S)
    assert latencies.stt_final_s == 0


@pytest.mark.parametrize(
    "event", [e.UserCommitted(2.0), e.AudioStalled(2.0), e.ConversationEndRequested(2.0)]
)
def test_whoever_says_that_it_was_all_is_answered_at_once(event: e.Event) -> None:
    commands = said("I would like tea and").receive(event)
    assert question(commands) == "I would like tea and"
    assert only(commands, do.FlushHearing), "the gate may be in the middle of a sound"


def test_typed_words_end_the_wait() -> None:
    assert (
        question(said("I would like tea and").receive(e.TextTyped(2.0, "cake")))
        == "I would like tea and cake"
    )


def test_a_cough_does_not_renew_it() -> None:
    conversation = said("I would like tea and")
    conversation.receive(e.UserSpeechStarted(2.0, 2))
    conversation.receive(e.UserSpeechStopped(2.9, 2, 2.3))
    assert question(conversation.receive(e.TranscriptFinished(3.0, 2, ""))) == "I would like tea and"


def test_who_wants_none_has_none() -> None:
    conversation = said("I would like tea and", Limits(patience_s=0))
    assert question(conversation.on_deadline(1.7)) == "I would like tea and"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I went to the market and", "en"),
        ("I went to the market and.", "en-GB"),
        ("I think it is because", "en"),
        ("Um", "en"),
        ("I want, uh...", "en"),
        ("First of all,", "en"),
        ("I saw the", "en_US"),
        ("My name is J O H", "en"),
        ("It is spelled J-O-H-N.", "en"),
        ("five five five", "en"),
        ("My number is double five", "en"),
        ("It is 555 12", "en"),
        ("It is 555-1234.", "en"),
        ("My number is 555.", "en"),
        ("Mi número es 91", "es"),
        ("john dot", "en"),
        ("My e-mail is john at", "en"),
        ("Quiero un café y", "es"),
        ("Je voudrais du thé et", "fr"),
        ("Ich möchte Tee und", "de"),
        ("Äh", "de"),
        ("555 12", "ar"),
        ("Could you please tell me?", "en"),
        ("I wanted to ask you.", "en-GB"),
        ("What is the difference between", "en"),
        ("If it rains tomorrow.", "en"),
        ("Unless John comes.", "en"),
        ("You can call me at 020.", "en"),
        ("You can call me at the near of.", "en"),
        ("My name is spelled Mar", "en"),
        ("When I was a child.", "en"),
        ("My favourite food is", "en"),
        ("I think that.", "en"),
        ("I have a question.", "en"),
    ],
)
def test_these_call_for_more(text: str, language: str) -> None:
    assert calls_for_more(text, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("", "en"),
        ("...", "en"),
        ("I like tea.", "en"),
        ("What are you looking at?", "en"),
        ("Where is it from?", "en"),
        ("I am twenty five.", "en"),
        ("I have two brothers and one sister.", "en"),
        ("I was born in 1998.", "en"),
        ("Give me two.", "en"),
        ("It costs 3.50", "en"),
        ("It costs 555.", "en"),
        ("My lucky number is 7.", "en"),
        ("I had a number of reasons.", "en"),
        ("Is it plan A or B?", "en"),
        ("So am I.", "en"),
        ("My number is 555 123 4567.", "en"),
        ("five five five one two three four five six seven", "en"),
        ("It is John at example dot com", "en"),
        ("I said and", "fr"),
        ("Tell me about it.", "en"),
        ("If it rains tomorrow, take an umbrella.", "en"),
        ("If it rains we stay at home.", "en"),
        ("If I had a lot of money every single day of the year.", "en"),
        ("You can call me at 020 794 6110.", "en"),
        ("I spelled it right in the end and nobody saw that", "en"),
        ("tell me", "fr"),
        ("When are you coming?", "en"),
        ("Yes, it is.", "en"),
        ("I know what the answer is.", "en"),
        ("Who is that?", "en"),
        ("I like that.", "en"),
        ("Ich bin müde.", "de"),
    ],
)
def test_these_do_not(text: str, language: str) -> None:
    assert not calls_for_more(text, language)
