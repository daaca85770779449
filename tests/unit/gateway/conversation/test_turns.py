"""Stories of turns, told to the conversation one event at a time."""

from typing import TypeVar

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.answering import APOLOGY, HEARING_APOLOGY
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from gateway.conversation.report import AnalysisReport

C = TypeVar("C")
SECOND = 24_000


def only(commands: list[Command], kind: type[C]) -> list[C]:
    return [command for command in commands if isinstance(command, kind)]


def asked(text: str = "I like tea", at: float = 0.0, limits: Limits | None = None) -> Conversation:
    """A conversation in which the user has just finished speaking."""
    conversation = Conversation([TUTOR], limits)
    conversation.receive(e.UserSpeechStarted(at, 1))
    conversation.receive(e.UserSpeechStopped(at + 1, 1, at + 0.4))
    conversation.receive(e.TranscriptFinished(at + 1.1, 1, text))
    return conversation


def settled(conversation: Conversation) -> list[Command]:
    """What follows once the client's last word on a stopped reply has been waited for."""
    return conversation.on_deadline(conversation.state.settle_by)


def answered(text: str = "Tea is lovely. Which kind?", limits: Limits | None = None) -> Conversation:
    """… and the reply is being spoken: one second a word, nothing played yet."""
    conversation = asked(limits=limits)
    conversation.receive(e.ReplyTextArrived(1.2, 1, text))
    conversation.receive(e.ReplyTextFinished(1.3, 1))
    for number, word in enumerate(text.split()):
        spoken = e.Word(word, number * SECOND)
        conversation.receive(e.SpeechArrived(1.4, 1, SECOND, (spoken,)))
    return conversation


def test_a_question_goes_to_the_model_with_what_was_said() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    commands = conversation.receive(e.TranscriptFinished(1, 1, "I like tea"))
    (start,) = only(commands, do.StartReply)
    assert start.messages[-1].content == "I like tea"
    assert conversation.phase is Phase.THINKING


def test_a_reply_is_shown_and_spoken_as_it_comes() -> None:
    commands = asked().receive(e.ReplyTextArrived(1.2, 1, "Tea "))
    assert commands == [n.ReplyTextAdded(1, 1, "Tea "), do.SpeakText(1, "Tea ")]


def test_the_first_audio_reports_where_the_time_went() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.3, 1, "Tea."))
    (report,) = only(conversation.receive(e.SpeechArrived(1.5, 1, 1920)), n.LatenciesMeasured)
    latencies = report.latencies
    stages = (latencies.end_of_turn_s, latencies.stt_final_s, latencies.llm_first_token_s)
    assert [round(stage or 0, 3) for stage in stages] == [0.6, 0.1, 0.2]
    assert round(latencies.tts_first_audio_s or 0, 3) == 0.2
    assert round(latencies.voice_to_voice_s or 0, 3) == 1.1


def test_a_reply_that_was_played_out_is_heard_whole() -> None:
    conversation = answered()
    conversation.receive(e.SpeechFinished(1.5, 1))
    (commit,) = only(conversation.receive(e.PlayedOut(6.5, 1)), do.CommitTurn)
    assert commit.heard_text == "Tea is lovely. Which kind?"
    assert not commit.interrupted
    assert conversation.phase is Phase.LISTENING


def test_barge_in_is_silence_first_and_cuts_history_to_what_was_heard() -> None:
    conversation = answered()
    conversation.receive(e.PlaybackAdvanced(3.9, 1, int(2.5 * SECOND)))
    commands = conversation.receive(e.VoiceNoticed(3.9))
    assert commands == [do.HoldPlayback(1), n.PlaybackHeld(1, 1)]
    assert conversation.receive(e.UserSpeechStarted(4.0, 2)) == []
    commands = conversation.receive(e.TranscriptChanged(4.4, 2, "but what about"))
    assert commands[:2] == [do.StopPlayback(1), n.PlaybackStopped(1, 1)]
    (commit,) = only(settled(conversation), do.CommitTurn)
    assert (commit.heard_text, commit.interrupted) == ("Tea is lovely.", True)
    assert conversation.state.items.prompt_for("tutor", "")[-1].content == "Tea is lovely."
    assert (conversation.phase, conversation.turn) == (Phase.USER_TURN, 2)


def test_barge_in_before_any_sound_leaves_no_reply_in_history() -> None:
    conversation = asked()
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Tea "))
    (commit,) = only(conversation.receive(e.TextTyped(1.3, "and milk?")), do.CommitTurn)
    assert commit.heard_text == ""
    roles = [m.role for m in conversation.state.items.prompt_for("tutor", "")]
    assert roles == ["system", "user", "user"]


def test_what_comes_late_for_a_dead_turn_does_nothing() -> None:
    conversation = answered()
    conversation.receive(e.UserSpeechStarted(4.0, 2))
    for late in (e.ReplyTextArrived(4.1, 1, "more"), e.SpeechArrived(4.1, 1, 10), e.PlayedOut(4.1, 1)):
        assert conversation.receive(late) == []


def test_a_user_who_goes_on_speaking_is_answered_once_with_all_of_it() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.UserSpeechStopped(1, 1, 0.4))
    conversation.receive(e.UserSpeechStarted(1.05, 2))
    assert only(conversation.receive(e.TranscriptFinished(1.1, 1, "I like")), do.StartReply) == []
    conversation.receive(e.UserSpeechStopped(2, 2, 1.4))
    (start,) = only(conversation.receive(e.TranscriptFinished(2.1, 2, "green tea")), do.StartReply)
    assert start.messages[-1].content == "I like green tea"


def test_noise_gives_the_floor_back_without_a_reply() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    commands = conversation.receive(e.TranscriptFinished(1, 1, ""))
    assert only(commands, do.StartReply) == []
    assert conversation.phase is Phase.LISTENING


def test_a_failed_model_is_apologised_for_at_once() -> None:
    assert do.SpeakText(1, APOLOGY) in asked().receive(e.ReplyTextFailed(1.2, 1, "boom"))


def test_a_failed_voice_leaves_the_reply_in_writing() -> None:
    conversation = asked()
    conversation.receive(e.SpeechFailed(1.15, 1, "boom"))
    conversation.receive(e.ReplyTextArrived(1.2, 1, "Tea."))
    (commit,) = only(conversation.receive(e.ReplyTextFinished(1.3, 1)), do.CommitTurn)
    assert commit.heard_text == "Tea."
    assert conversation.phase is Phase.LISTENING


def test_lost_hearing_answers_what_was_understood_so_far() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.TranscriptChanged(0.5, 1, "I like"))
    (start,) = only(conversation.receive(e.HearingLost(1, "gone")), do.StartReply)
    assert start.messages[-1].content == "I like"


def test_lost_hearing_of_nothing_is_said_aloud() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    commands = conversation.receive(e.HearingLost(1, "gone"))
    assert do.SpeakText(1, HEARING_APOLOGY) in commands
    assert conversation.phase is Phase.THINKING


@pytest.mark.parametrize(("refused", "code"), [(False, "stt_unavailable"), (True, "stt_refused")])
def test_a_refused_hearing_has_its_own_code_and_the_same_words(refused: bool, code: str) -> None:
    conversation = Conversation([TUTOR])
    commands = conversation.receive(e.HearingLost(1, "it understands en, not 'de'", refused))
    assert commands == [
        n.ErrorOccurred(code, "I cannot hear you just now: it understands en, not 'de'", 0),
    ]
    assert only(conversation.receive(e.TextTyped(2, "hello")), do.StartReply)


def test_a_microphone_that_stops_sending_ends_the_turn() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.UserSpeechStarted(0, 1))
    assert conversation.receive(e.AudioStalled(2)) == [do.FlushHearing()]
    assert conversation.receive(e.AudioStalled(3)) == []


def test_who_says_that_he_has_finished_is_believed_though_nothing_of_his_speech_was_told_yet() -> None:
    """A whole recording and the word that it is all may come before the gate has said anything."""
    assert Conversation([TUTOR]).receive(e.UserCommitted(1)) == [do.FlushHearing()]
    assert answered().receive(e.UserCommitted(4)) == [do.FlushHearing()]


def test_typed_text_interrupts_and_is_answered() -> None:
    conversation = answered()
    commands = conversation.receive(e.TextTyped(4, "coffee"))
    assert commands[0] == do.StopPlayback(1)
    assert [start.turn for start in only(commands, do.StartReply)] == [2]


def test_an_end_during_a_reply_waits_for_it_and_then_analyses() -> None:
    conversation = answered()
    assert conversation.receive(e.ConversationEndRequested(2)) == []
    conversation.receive(e.SpeechFinished(2, 1))
    (analyse,) = only(conversation.receive(e.PlayedOut(6.5, 1)), do.Analyze)
    assert analyse.utterances == ("I like tea",)
    report = AnalysisReport(90, 80)
    assert conversation.receive(e.AnalysisFinished(7, report)) == [n.Analyzed(report)]
    assert conversation.phase is Phase.LISTENING


def test_an_analysis_that_never_comes_is_given_up() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.ConversationEndRequested(0))
    due = conversation.next_deadline()
    assert due == Limits().analysis_s
    (error,) = only(conversation.on_deadline(due), n.ErrorOccurred)
    assert error.message.startswith("Failed to generate analysis: ")


def test_hanging_up_commits_what_was_heard_and_what_was_being_said() -> None:
    speaking = answered()
    speaking.receive(e.PlaybackAdvanced(2.0, 1, SECOND // 2))
    (commit,) = only(speaking.receive(e.HungUp(2)), do.CommitTurn)
    assert commit.heard_text == "Tea"
    talking = Conversation([TUTOR])
    talking.receive(e.UserSpeechStarted(0, 1))
    talking.receive(e.TranscriptChanged(1, 1, "and then"))
    (commit,) = only(talking.receive(e.HungUp(2)), do.CommitTurn)
    assert commit.user_text == "and then"


def test_a_level_changes_the_prompt_and_a_wrong_one_says_so() -> None:
    conversation = Conversation([TUTOR])
    conversation.receive(e.VariantChosen(0, "beginner"))
    (start,) = only(conversation.receive(e.TextTyped(1, "hi")), do.StartReply)
    assert "CEFR A1" in start.messages[0].content
    assert conversation.receive(e.VariantChosen(2, "guru")) == [
        n.ErrorOccurred("invalid_level", "Invalid level: guru")
    ]


def test_an_endless_reply_is_cut_and_ends() -> None:
    conversation = asked()
    commands = conversation.receive(e.ReplyTextArrived(1.2, 1, "x" * 100_000))
    (finish,) = only(commands, n.ReplyTextEnded)
    assert len(finish.full_text) == Limits().reply_chars
    assert do.CancelText(1) in commands


def test_nothing_said_for_long_ends_the_session() -> None:
    conversation = Conversation([TUTOR])
    assert conversation.on_deadline(Limits().idle_s - 1) == []
    assert do.CloseSession(do.CloseReason.IDLE) in conversation.on_deadline(Limits().idle_s)
    assert conversation.receive(e.TextTyped(999, "hi")) == []


def manual() -> Conversation:
    """Somebody who ends turns by hand has said something, and is silent."""
    conversation = Conversation([TUTOR], Limits(manual=True))
    conversation.receive(e.UserSpeechStarted(0, 1))
    conversation.receive(e.UserSpeechStopped(1.6, 1, 1.0))
    assert only(conversation.receive(e.TranscriptFinished(1.7, 1, "I like")), do.StartReply) == []
    return conversation


def test_who_ends_turns_by_hand_is_answered_when_they_say_so_with_all_of_it() -> None:
    conversation = manual()
    assert conversation.receive(e.AudioStalled(3)) == [do.FlushHearing()], "that is no word of theirs"
    conversation.receive(e.UserSpeechStarted(9, 2))
    conversation.receive(e.UserSpeechStopped(10, 2, 9.4))
    assert only(conversation.receive(e.TranscriptFinished(10.1, 2, "green tea")), do.StartReply) == []
    (start,) = only(conversation.receive(e.UserCommitted(15)), do.StartReply)
    assert start.messages[-1].content == "I like green tea"


def test_who_never_says_so_is_answered_after_a_minute() -> None:
    conversation = manual()
    assert conversation.next_deadline() == pytest.approx(61.7)
    assert only(conversation.on_deadline(62), do.StartReply)


def test_a_cough_while_the_answer_is_awaited_asks_it_again_without_a_word_of_theirs() -> None:
    conversation = manual()
    conversation.receive(e.UserCommitted(2))
    conversation.receive(e.UserSpeechStarted(2.1, 2))
    conversation.receive(e.UserSpeechStopped(2.9, 2, 2.3))
    assert only(conversation.receive(e.TranscriptFinished(3, 2, "")), do.StartReply)
