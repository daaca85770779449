"""What a reply waits for, whom it asks again, and who is blamed when it does not come."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.answering import APOLOGY
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from tests.unit.gateway.conversation.test_turns import SECOND, answered, asked, only


def expire(conversation: Conversation) -> list[Command]:
    """What it does when what it awaits does not come."""
    due = conversation.next_deadline()
    assert due is not None
    return conversation.on_deadline(due)


def test_a_silent_model_is_asked_elsewhere_and_then_apologised_for() -> None:
    conversation = asked()
    assert expire(conversation) == [do.AskAgain(1, late=True)]
    commands = expire(conversation)
    assert do.CancelText(1) in commands
    assert do.SpeakText(1, APOLOGY) in commands
    assert n.ReplyTextEnded(1, 1, APOLOGY) in commands
    assert [error.code for error in only(commands, n.ErrorOccurred)] == ["llm_late"]


def test_a_lost_model_is_asked_elsewhere_and_its_answer_is_the_reply() -> None:
    conversation = asked()
    assert conversation.receive(e.ReplyTextFailed(1.2, 1, "gone", e.Failure.LOST)) == [
        do.AskAgain(1, late=False)
    ]
    assert n.ReplyTextAdded(1, 1, "Tea.") in conversation.receive(e.ReplyTextArrived(1.4, 1, "Tea."))


def test_what_is_shown_when_nobody_else_answers_either_is_the_first_reason() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextFailed(1.2, 1, "gone", e.Failure.LOST))
    (error,) = only(conversation.receive(e.ReplyTextFailed(1.3, 1, "nobody is there")), n.ErrorOccurred)
    assert (error.code, error.message) == ("llm_failed", "Failed to generate a response: gone")


@pytest.mark.parametrize("failure", list(e.Failure))
def test_what_is_still_told_of_the_first_replica_does_not_end_the_second_one(failure: e.Failure) -> None:
    conversation = asked()
    expire(conversation)
    assert conversation.receive(e.ReplyTextFailed(4.2, 1, "gone", failure, attempt=1)) == []
    conversation.receive(e.ReplyTextArrived(4.4, 1, "Tea."))
    conversation.receive(e.ReplyTextFinished(4.4, 1))
    assert only(expire(conversation), do.SpeakAgain) == [do.SpeakAgain(1, late=True)]
    assert conversation.receive(e.SpeechFailed(6.5, 1, "gone", failure, attempt=1)) == []
    (error,) = only(conversation.receive(e.SpeechFailed(6.6, 1, "full", attempt=2)), n.ErrorOccurred)
    assert error.code == "tts_failed"


def test_words_of_the_first_replica_that_came_after_all_may_be_cut_by_its_failure() -> None:
    conversation = asked()
    expire(conversation)
    conversation.receive(e.ReplyTextArrived(4.2, 1, "Tea is"))
    commands = conversation.receive(e.ReplyTextFailed(4.3, 1, "gone", e.Failure.LOST, attempt=1))
    assert [finish.full_text for finish in only(commands, n.ReplyTextEnded)] == ["Tea is"]


def test_nobody_else_is_asked_when_no_time_is_left_for_an_answer() -> None:
    conversation = Conversation([TUTOR], Limits(first_text_s=10, whole_wait_s=8))
    conversation.receive(e.TextTyped(1.0, "I like tea"))
    commands = expire(conversation)
    assert only(commands, do.AskAgain) == []
    assert [error.code for error in only(commands, n.ErrorOccurred)] == ["llm_late"]


def test_a_reply_that_has_begun_is_not_asked_again() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Tea is"))
    commands = conversation.receive(e.ReplyTextFailed(1.3, 1, "gone", e.Failure.LOST))
    assert only(commands, do.AskAgain) == []
    assert [finish.full_text for finish in only(commands, n.ReplyTextEnded)] == ["Tea is"]


def test_a_voice_that_makes_no_sound_is_asked_elsewhere_and_then_given_up() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Tea."))
    conversation.receive(e.ReplyTextFinished(1.3, 1))
    assert expire(conversation) == [do.SpeakAgain(1, late=True)]
    commands = expire(conversation)
    assert [error.code for error in only(commands, n.ErrorOccurred)] == ["tts_failed"]
    assert do.CancelSpeech(1) in commands, "what it says too late is not played"
    assert [commit.heard_text for commit in only(commands, do.CommitTurn)] == ["Tea."]


def speak_slowly(conversation: Conversation, pause_s: float, words: int) -> list[Command]:
    """A reply whose text comes word by word, and whose sound comes once a sentence is whole."""
    commands: list[Command] = []
    at, sentence = 1.2, 0
    for number in range(1, words + 1):
        ends = number % 8 == 0
        at += pause_s
        while (due := conversation.next_deadline()) is not None and due <= at:
            commands += conversation.on_deadline(due)
        commands += conversation.receive(e.ReplyTextArrived(at, 1, "word. " if ends else "word "))
        sentence += 1
        if ends:
            commands += conversation.receive(e.SpeechArrived(at + 0.1, 1, sentence * SECOND // 5))
            commands += conversation.receive(e.PlayedOut(at + 0.1 + sentence / 5, 1))
            sentence = 0
    return commands


@pytest.mark.parametrize("pause_s", [0.25, 0.4, 0.9])
def test_a_reply_that_is_written_more_slowly_than_it_is_spoken_is_not_cut(pause_s: float) -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Good question! "))
    conversation.receive(e.SpeechArrived(1.2, 1, SECOND))
    commands = speak_slowly(conversation, pause_s, words=40)
    assert only(commands, n.ErrorOccurred) == []
    assert only(commands, do.CommitTurn) == []
    assert conversation.phase is Phase.SPEAKING


@pytest.mark.parametrize(
    "written",
    [
        ["\n\n", *("word " for _ in range(20))],
        ["?", "!", *("word " for _ in range(20))],
        ["```python\n", *("x = 1\n" for _ in range(40)), "``", "`\n", *("word " for _ in range(20))],
    ],
    ids=["an empty line", "one more mark", "code"],
)
def test_a_voice_owes_no_sound_for_what_nobody_speaks(written: list[str]) -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Good question!"))
    conversation.receive(e.SpeechArrived(1.3, 1, SECOND))
    at, commands = 1.4, []
    for text in written:
        at += 0.4
        while (due := conversation.next_deadline()) is not None and due <= at:
            commands += conversation.receive(e.PlaybackAdvanced(due, 1, SECOND))
            commands += conversation.on_deadline(due)
        commands += conversation.receive(e.ReplyTextArrived(at, 1, text))
    assert only(commands, n.ErrorOccurred) == []
    assert conversation.phase is Phase.SPEAKING


def test_a_voice_owes_what_stands_behind_code() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Look here!\n```\n"))
    conversation.receive(e.SpeechArrived(1.3, 1, SECOND))
    conversation.receive(e.ReplyTextArrived(1.4, 1, "x = 1\n```\nIt is easy. "))
    conversation.receive(e.PlayedOut(2.3, 1))
    assert [error.code for error in only(expire(conversation), n.ErrorOccurred)] == ["tts_late"]


def test_a_model_that_stalls_in_mid_reply_is_the_one_that_is_blamed() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Good question! It"))
    conversation.receive(e.SpeechArrived(1.3, 1, SECOND))
    conversation.receive(e.PlayedOut(2.3, 1))
    commands = expire(conversation)
    assert [error.code for error in only(commands, n.ErrorOccurred)] == ["llm_late"]
    assert do.FinishText(1) in commands
    assert do.CancelText(1) in commands
    assert only(commands, do.CommitTurn) == [], "what was written is still to be spoken"
    conversation.receive(e.SpeechFinished(7.4, 1))
    assert len(only(conversation.receive(e.PlayedOut(7.5, 1)), do.CommitTurn)) == 1


def test_a_voice_that_owes_a_whole_sentence_is_the_one_that_is_blamed() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Good question! "))
    conversation.receive(e.SpeechArrived(1.3, 1, SECOND))
    conversation.receive(e.PlayedOut(2.3, 1))
    conversation.receive(e.ReplyTextArrived(2.4, 1, "It is. "))
    assert conversation.next_deadline() == 2.4 + Limits().stall_s
    assert [error.code for error in only(expire(conversation), n.ErrorOccurred)] == ["tts_late"]


def test_a_reply_that_can_only_be_read_is_awaited_as_long_as_it_is_written() -> None:
    conversation = asked()
    conversation.receive(e.SpeechFailed(1.15, 1, "boom"))
    at = 1.2
    for _ in range(30):
        at += 1.0
        assert (conversation.next_deadline() or 0) > at
        conversation.receive(e.ReplyTextArrived(at, 1, "word "))
    (commit,) = only(conversation.receive(e.ReplyTextFinished(at, 1)), do.CommitTurn)
    assert commit.heard_text == ("word " * 30).strip()


def test_a_voice_that_stalls_ends_the_turn_with_what_was_played() -> None:
    conversation = answered()
    conversation.receive(e.PlayedOut(6.4, 1))
    commands = expire(conversation)
    assert [error.code for error in only(commands, n.ErrorOccurred)] == ["tts_late"]
    (commit,) = only(commands, do.CommitTurn)
    assert commit.heard_text == "Tea is lovely. Which kind?"
