"""A voice over a reply holds it at once; what it turns out to be decides who has the floor."""

import pytest

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.limits import Limits
from tests.unit.gateway.conversation.test_turns import SECOND, answered, only

GOES_ON = [n.PlaybackResumed(1, 1), do.ResumePlayback(1)]


def spoken_over(utterance: int = 2, at: float = 3.0) -> Conversation:
    """A reply of five words, of which "Tea is" was heard, and somebody speaks over it."""
    conversation = answered()
    conversation.receive(e.PlaybackAdvanced(at, 1, 2 * SECOND))
    conversation.receive(e.VoiceNoticed(at))
    conversation.receive(e.UserSpeechStarted(at + 0.15, utterance))
    return conversation


def test_what_comes_to_nothing_is_over_before_it_is_speech() -> None:
    conversation = answered()
    assert conversation.receive(e.VoiceNoticed(2.0)) == [do.HoldPlayback(1), n.PlaybackHeld(1, 1)]
    assert conversation.receive(e.VoiceDismissed(2.1)) == GOES_ON
    assert (conversation.phase, conversation.turn) == (Phase.SPEAKING, 1)


def test_a_noise_of_which_nothing_is_heard_any_more_holds_for_a_moment_only() -> None:
    conversation = answered()
    conversation.receive(e.VoiceNoticed(2.0))
    assert conversation.next_deadline() == 2.0 + Limits().hold_s
    assert conversation.on_deadline(2.0 + Limits().hold_s) == GOES_ON


@pytest.mark.parametrize("text", ["Mm-hmm.", "Yeah.", "Right.", "Oh really?", "Uh-huh, yeah.", "I see."])
def test_who_only_listens_is_shown_and_takes_no_turn(text: str) -> None:
    conversation = spoken_over()
    assert conversation.receive(e.TranscriptChanged(3.4, 2, text)) == []
    assert conversation.receive(e.UserSpeechStopped(4.0, 2, 3.4)) == []
    commands = conversation.receive(e.TranscriptFinished(4.1, 2, text))
    assert commands == [n.BackchannelHeard(1, text), *GOES_ON]
    assert (conversation.phase, conversation.turn) == (Phase.SPEAKING, 1)
    reply = conversation.state.reply
    assert reply is not None
    assert reply.backchannels == [text]
    assert conversation.state.items.utterances == ("I like tea",)


def test_a_cough_that_lasts_goes_by() -> None:
    conversation = spoken_over()
    assert conversation.receive(e.TranscriptFinished(4.2, 2, "")) == GOES_ON


def test_our_own_words_are_an_echo() -> None:
    conversation = spoken_over()
    assert conversation.receive(e.TranscriptChanged(3.4, 2, "tea is")) == []
    assert conversation.receive(e.TranscriptFinished(3.9, 2, "tea is lovely")) == GOES_ON


@pytest.mark.parametrize(
    "text", ["stop it", "Wait now", "no it", "Hold on there", "what about coffee then", "is coffee nicer now"]
)
def test_words_of_ones_own_or_one_that_means_stop_end_it_before_any_final(text: str) -> None:
    conversation = spoken_over()
    commands = conversation.receive(e.TranscriptChanged(3.5, 2, text))
    assert commands[:3] == [do.StopPlayback(1), n.PlaybackStopped(1, 1), do.CancelReply(1)]
    assert n.Transcribed(2, text, is_final=False) in commands
    assert (conversation.phase, conversation.turn) == (Phase.USER_TURN, 2)
    conversation.receive(e.UserSpeechStopped(4.6, 2, 4.0))
    (start,) = only(conversation.receive(e.TranscriptFinished(4.7, 2, text)), do.StartReply)
    assert [m.content for m in start.messages[1:]] == ["I like tea", "Tea is", text]


@pytest.mark.parametrize("text", ["Coffee please.", "Stop."])
def test_few_words_of_a_guess_are_waited_for_and_count_at_the_end(text: str) -> None:
    conversation = spoken_over()
    assert conversation.receive(e.TranscriptChanged(3.4, 2, text)) == []
    (start,) = only(conversation.receive(e.TranscriptFinished(3.9, 2, text)), do.StartReply)
    assert start.messages[-1].content == text


def test_words_of_which_the_recogniser_is_unsure_go_by_and_a_sure_one_among_them_does_not() -> None:
    conversation = spoken_over()
    assert conversation.receive(e.TranscriptFinished(3.9, 2, "And chorus.", unsure=True)) == GOES_ON
    other = spoken_over()
    other.receive(e.UserSpeechStarted(3.8, 3))
    assert other.receive(e.TranscriptFinished(3.9, 2, "And chorus.", unsure=True)) == []
    (start,) = only(other.receive(e.TranscriptFinished(4.5, 3, "which park")), do.StartReply)
    assert start.messages[-1].content == "And chorus. which park"


def test_it_does_not_go_on_under_a_voice_that_begins_again() -> None:
    conversation = spoken_over()
    assert conversation.receive(e.VoiceNoticed(3.95)) == []
    assert conversation.receive(e.TranscriptFinished(4.0, 2, "yeah")) == []
    assert conversation.receive(e.UserSpeechStarted(4.1, 3)) == []
    (start,) = only(conversation.receive(e.TranscriptFinished(4.9, 3, "but tea is dear")), do.StartReply)
    assert start.messages[-1].content == "yeah but tea is dear"
    other = spoken_over()
    other.receive(e.VoiceNoticed(3.95))
    other.receive(e.TranscriptFinished(4.0, 2, "yeah"))
    assert other.receive(e.VoiceDismissed(4.1))[1:] == GOES_ON


def test_what_is_undecided_at_the_deadline_is_the_users() -> None:
    conversation = spoken_over()
    conversation.receive(e.TranscriptChanged(4.0, 2, "yeah yeah"))
    commands = conversation.on_deadline(3.0 + Limits().hold_s)
    assert only(commands, do.StopPlayback) == [do.StopPlayback(1)]
    assert conversation.phase is Phase.USER_TURN
    (start,) = only(conversation.receive(e.TranscriptFinished(5.5, 2, "yeah yeah but why")), do.StartReply)
    assert start.messages[-1].content == "yeah yeah but why"


@pytest.mark.parametrize("text", ["mm-hmm", "tea is lovely", ""])
def test_who_stopped_a_reply_with_a_button_is_not_answered_for_a_hum_or_an_echo(text: str) -> None:
    conversation = spoken_over()
    conversation.receive(e.TranscriptChanged(3.5, 2, text))
    assert do.StopPlayback(1) in conversation.receive(e.ReplyStopRequested(3.6))
    assert only(conversation.receive(e.TranscriptFinished(4.2, 2, text)), do.StartReply) == []
    assert conversation.phase is Phase.LISTENING


def test_a_client_that_says_how_much_it_had_played_when_it_was_held_is_believed() -> None:
    conversation = spoken_over()
    conversation.receive(e.PlaybackAdvanced(3.2, 1, SECOND // 2))
    (commit,) = only(conversation.receive(e.TranscriptFinished(4.0, 2, "Coffee please.")), do.CommitTurn)
    assert commit.heard_text == "Tea"


def test_who_says_that_it_was_all_is_not_waited_for() -> None:
    conversation = spoken_over()
    conversation.receive(e.UserCommitted(3.5))
    assert only(conversation.receive(e.TranscriptFinished(3.7, 2, "I want the")), do.StartReply)


def test_a_yes_in_the_last_second_of_a_question_answers_it() -> None:
    conversation = answered()
    conversation.receive(e.SpeechFinished(3, 1))
    conversation.receive(e.PlaybackAdvanced(3.0, 1, 5 * SECOND - SECOND // 2))
    conversation.receive(e.UserSpeechStarted(3.1, 2))
    (start,) = only(conversation.receive(e.TranscriptFinished(3.6, 2, "Yes.")), do.StartReply)
    assert [m.content for m in start.messages[-2:]] == ["Tea is lovely. Which kind?", "Yes."]


def finished(commands: list[Command]) -> list[do.CommitTurn]:
    return only(commands, do.CommitTurn)


def test_a_reply_whose_end_was_heard_while_it_was_held_is_over_when_it_goes_on() -> None:
    conversation = answered()
    conversation.receive(e.SpeechFinished(3, 1))
    conversation.receive(e.VoiceNoticed(3.1))
    assert conversation.receive(e.PlayedOut(3.2, 1)) == []
    (commit,) = finished(conversation.receive(e.VoiceDismissed(3.3)))
    assert (commit.heard_text, commit.interrupted) == ("Tea is lovely. Which kind?", False)


def test_while_it_is_held_its_own_deadlines_wait_and_what_comes_of_it_is_kept() -> None:
    conversation = spoken_over()
    assert only(conversation.receive(e.SpeechArrived(4.0, 1, SECOND)), do.StopPlayback) == []
    assert conversation.next_deadline() == 3.0 + Limits().hold_s
    conversation.receive(e.TranscriptFinished(4.1, 2, ""))
    due = conversation.next_deadline()
    assert due is not None
    assert due > 4.1 + 4.0, "four seconds of sound are still to be played"


def test_text_and_a_button_end_it_whatever_was_said() -> None:
    typed = spoken_over()
    typed.receive(e.TranscriptChanged(3.4, 2, "yeah"))
    (start,) = only(typed.receive(e.TextTyped(3.5, "coffee")), do.StartReply)
    assert start.messages[-1].content == "coffee"
    stopped = spoken_over()
    assert do.StopPlayback(1) in stopped.receive(e.ReplyStopRequested(3.5))
    assert stopped.phase is Phase.USER_TURN, "what they are saying is still heard"


def test_when_the_ear_is_lost_the_user_wins_unless_all_was_understood() -> None:
    conversation = spoken_over()
    conversation.receive(e.TranscriptChanged(3.4, 2, "yeah"))
    assert conversation.receive(e.HearingLost(3.5, "gone"))[2:] == GOES_ON
    other = spoken_over()
    other.receive(e.TranscriptChanged(3.4, 2, "coffee please"))
    (start,) = only(other.receive(e.HearingLost(3.5, "gone")), do.StartReply)
    assert start.messages[-1].content == "coffee please"
    deaf = spoken_over()
    commands = deaf.receive(e.HearingLost(3.5, "gone"))
    assert only(commands, do.StopPlayback) == [do.StopPlayback(1)]
    assert only(commands, do.StartSpeech), "nobody says that it was not heard"
    noticed = answered()
    noticed.receive(e.VoiceNoticed(2.0))
    assert noticed.receive(e.HearingLost(2.1, "gone"))[1:] == GOES_ON
