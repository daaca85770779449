"""Nothing that was asked or said is lost to a cough, a keyboard or a client that plays nothing."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from tests.unit.gateway.conversation.test_turns import SECOND, answered, asked, only, settled


@pytest.mark.parametrize("speech_done", [True, False])
def test_a_client_that_stops_playing_has_heard_what_it_said_it_had(speech_done: bool) -> None:
    conversation = answered()
    if speech_done:
        conversation.receive(e.SpeechFinished(1.5, 1))
    at = 1.6
    commands: list[Command] = []
    while conversation.phase is Phase.SPEAKING:
        assert at < 30
        at += 0.2
        commands += conversation.receive(e.PlaybackAdvanced(at, 1, SECOND * 2 // 5))
        if (due := conversation.next_deadline()) is not None and due <= at:
            commands += conversation.on_deadline(at)
    commands += settled(conversation)
    (commit,) = only(commands, do.CommitTurn)
    assert (commit.heard_text, commit.interrupted) == ("Tea", True)
    assert do.StopPlayback(1) in commands
    assert only(commands, n.ErrorOccurred) == [], "nobody of ours is to blame"


def test_a_cough_before_anything_of_the_answer_was_heard_does_not_lose_it() -> None:
    conversation = asked("Where is the station?")
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    conversation.receive(e.UserSpeechStopped(1.8, 2, 1.6))
    (start,) = only(conversation.receive(e.TranscriptFinished(1.9, 2, "")), do.StartReply)
    assert start.turn == 1
    assert [(m.role, m.content) for m in start.messages[1:]] == [("user", "Where is the station?")]
    assert conversation.state.items.utterances == ("Where is the station?",)
    conversation.receive(e.ReplyTextArrived(2.0, 2, "Over there."))
    conversation.receive(e.ReplyTextFinished(2.0, 2))
    conversation.receive(e.SpeechArrived(2.1, 2, SECOND))
    conversation.receive(e.SpeechFinished(2.1, 2))
    (commit,) = only(conversation.receive(e.PlayedOut(3.1, 2)), do.CommitTurn)
    assert (commit.user_text, commit.heard_text) == ("Where is the station?", "Over there.")


def test_where_nothing_can_be_held_a_cough_ends_an_answer_of_which_some_was_heard() -> None:
    conversation = answered(limits=Limits(holds=False))
    conversation.receive(e.PlaybackAdvanced(2.0, 1, SECOND // 2))
    conversation.receive(e.UserSpeechStarted(2.1, 2))
    assert only(conversation.receive(e.TranscriptFinished(2.5, 2, "")), do.StartReply) == []
    assert conversation.phase is Phase.LISTENING


def test_a_cough_after_some_of_the_answer_was_read_does_not_ask_again() -> None:
    conversation = asked("Where is the station?")
    conversation.receive(e.SpeechFailed(1.15, 1, "boom"))
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Over there, behind the "))
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    assert only(conversation.receive(e.TranscriptFinished(1.9, 2, "")), do.StartReply) == []
    assert conversation.phase is Phase.LISTENING


def test_a_cough_after_the_user_stopped_the_reply_does_not_bring_it_back() -> None:
    conversation = asked()
    conversation.receive(e.ReplyStopRequested(1.3))
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    assert only(conversation.receive(e.TranscriptFinished(1.9, 2, "")), do.StartReply) == []


def test_what_was_being_said_when_text_was_typed_is_part_of_the_question() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.TranscriptChanged(0.5, 1, "I would like"))
    commands = conversation.receive(e.TextTyped(1, "green tea"))
    (start,) = only(commands, do.StartReply)
    assert start.messages[-1].content == "I would like green tea"
    assert n.Transcribed(1, "I would like green tea", is_final=True) in commands


def test_a_prompt_never_outgrows_its_bytes_and_forgets_the_oldest_first() -> None:
    limits = Limits(prompt_bytes=1000, prompt_turns=40)
    conversation = Conversation([TUTOR], limits)
    for number in range(20):
        (start,) = only(
            conversation.receive(e.TextTyped(number, f"{number} " + "\U0001f600" * 50)), do.StartReply
        )
        assert sum(len(m.content.encode()) for m in start.messages[1:]) <= 1000
        assert start.messages[-1].content.startswith(f"{number} ")


def test_an_answer_that_was_read_is_not_given_again_after_a_cough() -> None:
    conversation = asked()
    conversation.receive(e.SpeechFailed(1.15, 1, "boom"))
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Over there"))
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    assert only(conversation.receive(e.TranscriptFinished(1.9, 2, "")), do.StartReply) == []


@pytest.mark.parametrize("limits", [Limits(prompt_turns=3), Limits(prompt_bytes=60)], ids=["turns", "bytes"])
def test_an_answer_whose_question_is_forgotten_is_forgotten_too(limits: Limits) -> None:
    """Some models take no conversation that begins with an answer."""
    items = Conversation([TUTOR], limits).state.items
    for number in range(9):
        items.add_said(f"question {number}")
        assert items.prompt_for("tutor", "")[1].role == "user"
        assert items.prompt_for("tutor", "")[-1].content == f"question {number}"
        items.add("tutor", f"answer {number}")
        assert items.prompt_for("tutor", "")[1].role == "user"
