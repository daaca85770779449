"""Who goes on before anything of the answer is heard has one turn, one question and one answer."""

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Conversation
from gateway.conversation.floor import Phase
from tests.unit.gateway.conversation.test_turns import SECOND, asked, only


def test_what_follows_is_part_of_the_question() -> None:
    conversation = asked("Where is the station")
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Over "))
    commands = conversation.receive(e.UserSpeechStarted(1.4, 2))
    assert commands[0] == do.StopPlayback(1)
    assert only(commands, n.ReplyWithdrawn) == [n.ReplyWithdrawn(1, 1)]
    assert only(commands, do.RecordTurn) == [], "it is not over"
    assert (conversation.phase, conversation.turn) == (Phase.USER_TURN, 1)
    (partial,) = only(conversation.receive(e.TranscriptChanged(1.9, 2, "for the")), n.Transcribed)
    assert (partial.turn, partial.text) == (1, "Where is the station for the")
    conversation.receive(e.UserSpeechStopped(2.8, 2, 2.2))
    commands = conversation.receive(e.TranscriptFinished(2.9, 2, "for the airport?"))
    (final,) = only(commands, n.Transcribed)
    assert (final.text, final.before) == ("Where is the station for the airport?", "Where is the station")
    (start,) = only(commands, do.StartReply)
    assert (start.reply, start.turn) == (2, 1)
    assert [m.content for m in start.messages[1:]] == ["Where is the station for the airport?"]
    assert conversation.state.items.utterances == ("Where is the station for the airport?",)


def test_it_is_committed_once_as_it_was_heard() -> None:
    conversation = asked("Where is")
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    conversation.receive(e.TranscriptFinished(2.4, 2, "the station?"))
    assert conversation.receive(e.ReplyTextArrived(2.5, 1, "Where is what?")) == []
    conversation.receive(e.ReplyTextArrived(2.5, 2, "Over there."))
    conversation.receive(e.ReplyTextFinished(2.5, 2))
    conversation.receive(e.SpeechArrived(2.6, 2, SECOND))
    conversation.receive(e.SpeechFinished(2.6, 2))
    commands = conversation.receive(e.PlayedOut(3.6, 2))
    (commit,) = only(commands, do.CommitTurn)
    assert (commit.turn, commit.user_text, commit.heard_text) == (1, "Where is the station?", "Over there.")
    assert len(only(commands, do.RecordTurn)) == 1


def test_once_the_answer_is_heard_what_follows_is_a_turn_of_its_own() -> None:
    conversation = asked("Where is the station?")
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Over there, behind the house."))
    conversation.receive(e.SpeechArrived(1.3, 1, SECOND))
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    conversation.receive(e.TranscriptFinished(2.4, 2, "No, the airport."))
    assert conversation.turn == 2


def test_who_hangs_up_while_they_go_on_has_said_all_of_it() -> None:
    conversation = asked("Where is")
    conversation.receive(e.UserSpeechStarted(1.4, 2))
    conversation.receive(e.TranscriptChanged(1.9, 2, "the station"))
    (commit,) = only(conversation.receive(e.HungUp(2.0)), do.CommitTurn)
    assert commit.user_text == "Where is the station"


def test_an_apology_is_not_taken_back() -> None:
    conversation = asked("Where is the station?")
    conversation.receive(e.ReplyTextFailed(1.2, 1, "boom"))
    commands = conversation.receive(e.UserSpeechStarted(1.4, 2))
    assert only(commands, n.ReplyWithdrawn) == []
    assert conversation.turn == 2


def test_a_cough_in_the_middle_of_a_typed_question_asks_it_again() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.TextTyped(0, "hello"))
    conversation.receive(e.UserSpeechStarted(0.2, 1))
    commands = conversation.receive(e.TranscriptFinished(0.9, 1, ""))
    (start,) = only(commands, do.StartReply)
    assert [m.content for m in start.messages[1:]] == ["hello"]
