"""A reply is stopped at once and settled once the client has said how much of it was heard."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Conversation
from gateway.conversation.limits import Limits
from tests.unit.gateway.conversation.test_turns import SECOND, answered, only, settled


def interrupted() -> Conversation:
    """Two seconds of the reply are thought to have been heard: the user has it wait."""
    conversation = answered()
    conversation.receive(e.PlaybackAdvanced(3.4, 1, 2 * SECOND))
    conversation.receive(e.UserSpeechStarted(3.4, 2))
    conversation.receive(e.TranscriptChanged(3.4, 2, "Wait a"))
    return conversation


@pytest.mark.parametrize(
    ("samples", "heard"),
    [(0, ""), (SECOND // 2, "Tea"), (3 * SECOND, "Tea is lovely."), (9**9, "Tea is lovely. Which kind?")],
)
def test_the_clients_last_word_is_what_was_heard_be_it_more_or_less_than_was_thought(
    samples: int, heard: str
) -> None:
    conversation = interrupted()
    assert conversation.receive(e.PlaybackAdvanced(3.5, 1, samples)) == []
    (commit,) = only(settled(conversation), do.CommitTurn)
    assert (commit.heard_text, commit.interrupted) == (heard, True)
    said = [m.content for m in conversation.state.items.prompt_for("tutor", "") if m.role == "assistant"]
    assert said == ([heard] if heard else [])


def test_without_a_last_word_what_was_thought_is_kept_and_nobody_waits_longer() -> None:
    conversation = interrupted()
    assert conversation.next_deadline() == 3.4 + Limits().settle_s
    (commit,) = only(settled(conversation), do.CommitTurn)
    assert commit.heard_text == "Tea is"
    assert conversation.receive(e.PlaybackAdvanced(3.9, 1, 4 * SECOND)) == []
    assert conversation.state.items.kept[-1].text == "Tea is"
    assert conversation.state.items.kept[-1].heard_ms == 2000


def test_the_client_is_told_at_once_that_the_turn_is_over() -> None:
    conversation = answered()
    conversation.receive(e.UserSpeechStarted(3.4, 2))
    commands = conversation.receive(e.TranscriptChanged(3.8, 2, "No it"))
    assert only(commands, n.TurnCompleted) == [n.TurnCompleted(1, 1, True, "", 5 * SECOND)]
    assert only(commands, do.CommitTurn) == []


def test_the_next_question_does_not_wait_for_it() -> None:
    conversation = answered()
    conversation.receive(e.PlaybackAdvanced(3.4, 1, 2 * SECOND))
    commands = conversation.receive(e.TextTyped(3.4, "coffee"))
    kinds = [type(command) for command in commands]
    assert kinds.index(do.CommitTurn) < kinds.index(do.StartReply)
    (start,) = only(commands, do.StartReply)
    assert [m.content for m in start.messages[1:]] == ["I like tea", "Tea is", "coffee"]


def test_a_wire_without_reports_is_settled_at_once() -> None:
    conversation = Conversation([TUTOR], Limits(settle_s=0))
    conversation.receive(e.TextTyped(0, "tea"))
    commands = conversation.receive(e.ReplyStopRequested(1))
    assert len(only(commands, do.CommitTurn)) == 1


def test_hanging_up_settles_first() -> None:
    conversation = interrupted()
    conversation.receive(e.TranscriptChanged(3.5, 2, "wait and se"))
    commits = only(conversation.receive(e.HungUp(3.5)), do.CommitTurn)
    assert [(c.turn, c.user_text, c.heard_text) for c in commits] == [
        (1, "I like tea", "Tea is"),
        (2, "wait and se", ""),
    ]


def test_an_analysis_follows_what_it_judges() -> None:
    conversation = answered()
    conversation.receive(e.ConversationEndRequested(2))
    commands = conversation.receive(e.ReplyStopRequested(3))
    kinds = [type(command) for command in commands]
    assert kinds.index(do.CommitTurn) < kinds.index(do.Analyze)


def test_a_cough_within_it_asks_again_only_what_was_not_heard() -> None:
    for played, again in ((0, 1), (SECOND, 0)):
        conversation = answered()
        conversation.receive(e.UserSpeechStarted(1.5, 2))
        conversation.receive(e.TranscriptChanged(1.5, 2, "Bless you all my"))
        conversation.receive(e.PlaybackAdvanced(1.55, 1, played))
        commands = conversation.receive(e.TranscriptFinished(1.6, 2, ""))
        assert len(only(commands, do.StartReply)) == again
