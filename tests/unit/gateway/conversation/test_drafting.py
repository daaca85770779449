"""A reply is begun when its user may have finished, once in a turn, and is theirs if they have."""

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Conversation
from gateway.conversation.floor import AgentState, Phase
from tests.unit.gateway.conversation.test_turns import only


def paused(text: str = "Do you like tea?") -> Conversation:
    """Somebody began at 0, and paused at 1."""
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.TranscriptChanged(1.2, 1, text))
    return conversation


def test_it_is_asked_what_the_reply_would_be() -> None:
    conversation = paused()
    (start,) = conversation.receive(e.EndForeseen(1.2, 1))
    assert isinstance(start, do.StartDraft)
    assert [message.content for message in start.messages[1:]] == ["Do you like tea?"]
    assert conversation.phase is Phase.USER_TURN
    assert conversation.state.floor.agent is AgentState.DRAFTING
    assert conversation.receive(e.ReplyTextArrived(1.3, 1, "I do")) == []
    conversation.receive(e.UserSpeechStopped(1.6, 1, 1.0))
    commands = conversation.receive(e.TranscriptFinished(1.65, 1, "do you like tea"))
    assert only(commands, do.StartReply) == []
    assert only(commands, do.UseDraft) == [do.UseDraft(1, 1)]
    assert [added.text for added in only(commands, n.ReplyTextAdded)] == ["I do"]
    (added,) = only(conversation.receive(e.ReplyTextArrived(1.7, 1, ", very much.")), n.ReplyTextAdded)
    assert (added.reply, added.text) == (1, ", very much.")


def test_first_words_that_were_written_already_took_no_time() -> None:
    conversation = paused()
    conversation.receive(e.EndForeseen(1.2, 1))
    conversation.receive(e.ReplyTextArrived(1.3, 1, "I do."))
    conversation.receive(e.TranscriptFinished(1.65, 1, "Do you like tea?"))
    commands = conversation.receive(e.SpeechArrived(1.75, 1, 2400))
    (measured,) = only(commands, n.LatenciesMeasured)
    assert measured.latencies.llm_first_token_s == 0


def test_it_is_dropped_as_soon_as_the_user_goes_on_and_not_begun_again() -> None:
    conversation = paused()
    conversation.receive(e.EndForeseen(1.2, 1))
    same = conversation.receive(e.TranscriptChanged(1.4, 1, "do you like tea"))
    assert only(same, do.DropDraft) == []
    commands = conversation.receive(e.TranscriptChanged(1.6, 1, "Do you like tea with milk?"))
    assert only(commands, do.DropDraft) == [do.DropDraft(1)]
    assert conversation.receive(e.EndForeseen(2.2, 1)) == []
    (start,) = only(
        conversation.receive(e.TranscriptFinished(2.6, 1, "Do you like tea with milk?")), do.StartReply
    )
    assert (start.reply, start.messages[-1].content) == (2, "Do you like tea with milk?")


def test_nothing_is_begun_for_who_has_not_finished_or_said_nothing() -> None:
    for text in ("my number is five five five", "I like tea and", "", "..."):
        assert paused(text).receive(e.EndForeseen(1.2, 1)) == [], text


def test_nothing_is_begun_for_an_utterance_that_is_not_the_last() -> None:
    conversation = paused()
    conversation.receive(e.UserSpeechStarted(1.5, 2))
    assert conversation.receive(e.EndForeseen(1.6, 1)) == []
    assert conversation.receive(e.EndForeseen(1.6, 2)) == []


def test_nothing_is_begun_over_a_reply_that_is_held() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.TextTyped(0, "hello"))
    conversation.receive(e.ReplyTextArrived(0.1, 1, "One two three."))
    conversation.receive(e.SpeechArrived(0.2, 1, 48_000))
    conversation.receive(e.UserSpeechStarted(1, 1))
    conversation.receive(e.TranscriptChanged(1.2, 1, "mm-hmm"))
    assert conversation.receive(e.EndForeseen(1.2, 1)) == []


def test_typing_ends_it() -> None:
    conversation = paused()
    conversation.receive(e.EndForeseen(1.2, 1))
    commands = conversation.receive(e.TextTyped(1.4, "green tea"))
    assert only(commands, do.DropDraft) == [do.DropDraft(1)]
    (start,) = only(commands, do.StartReply)
    assert start.messages[-1].content == "Do you like tea? green tea"


def test_what_only_a_sign_tells_apart_is_not_the_same_question() -> None:
    for drafted, said in (("What is C?", "What is C#?"), ("राम की किताब", "राम का किताब")):
        conversation = paused(drafted)
        conversation.receive(e.EndForeseen(1.2, 1))
        commands = conversation.receive(e.TranscriptFinished(1.6, 1, said))
        assert only(commands, do.UseDraft) == [], said


def test_a_failed_draft_is_told_from_one_that_nobody_wants() -> None:
    conversation = paused()
    conversation.receive(e.EndForeseen(1.2, 1))
    assert conversation.receive(e.ReplyTextFailed(1.3, 1, "boom")) == [do.DropDraft(1, failed=True)]
