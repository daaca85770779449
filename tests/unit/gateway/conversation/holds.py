"""What the referee asks of a reply that somebody speaks over."""

import re
from dataclasses import dataclass

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import AgentState, Phase
from gateway.conversation.state import State
from tests.unit.gateway.conversation.ledger import Ledger

HUM = re.compile(r"(mm-(hmm)?[. ]*)+", re.IGNORECASE)


def check_overlap(event: e.Event, before: Phase, live: int, commands: list[Command], after: Phase) -> None:
    """A voice over a reply that is not held silences it at once: one that is not heard yet, for good."""
    is_speech = isinstance(event, e.UserSpeechStarted)
    if is_speech and before is Phase.THINKING:
        assert commands[0] == do.StopPlayback(live), "user speech did not silence the reply first"
        assert do.CancelReply(live) in commands, "user speech did not cancel the reply"
        assert after is Phase.USER_TURN, "user speech did not take the floor"
    elif (is_speech or isinstance(event, e.VoiceNoticed)) and before is Phase.SPEAKING:
        assert commands[0] == do.HoldPlayback(live), "a voice did not silence the reply first"
        assert after is Phase.SPEAKING, "a voice alone took the floor"


def check_hold(conversation: Conversation, ledger: Ledger, now: float) -> None:
    floor, held = conversation.state.floor, conversation.state.held
    is_held = floor.agent is AgentState.HELD and not floor.closed
    assert is_held == (held is not None), "held by nobody, or for nothing"
    assert is_held == (ledger.held is not None), "the sound is not what the floor is"
    assert is_held == (ledger.told_held is not None), "the client was not told that it is held"
    if is_held:
        due = conversation.next_deadline()
        assert due is not None, "held for ever"
        assert due <= ledger.held_at + conversation.limits.hold_s, "held for too long"
        assert now <= ledger.held_at + conversation.limits.hold_s, "held for too long"


def note_hold(command: Command, ledger: Ledger, now: float) -> None:
    match command:
        case do.HoldPlayback(reply):
            assert ledger.held is None, "held twice"
            assert reply not in ledger.dead, "a dead reply was held"
            ledger.held, ledger.held_at = reply, now
        case n.PlaybackHeld(_, reply):
            assert ledger.held == reply, "the client was told of a hold that is none"
            ledger.told_held = reply
        case n.PlaybackResumed(_, reply):
            assert ledger.told_held == reply, "the client was told to go on with what goes on"
            ledger.told_held = None
        case do.ResumePlayback(reply):
            assert ledger.held == reply, "what goes on was not held"
            ledger.held = None
        case do.StopPlayback():
            ledger.held = ledger.told_held = None
        case n.BackchannelHeard(_, text):
            assert HUM.fullmatch(text), "words were taken for a hum"
        case _:
            pass


@dataclass
class Over:
    """What had been said over a reply; `voiced`: and more begins; `closing`: the reply had all but ended."""

    text: str
    voiced: bool
    closing: bool

    @property
    def is_meant(self) -> bool:
        """One word alone is more often a hum misheard."""
        is_word = self.closing or " " in self.text
        return bool(self.text) and is_word and not HUM.fullmatch(self.text)


def said_over(state: State) -> Over | None:
    """None: nobody speaks over one."""
    if state.held is None or state.reply is None:
        return None
    return Over(state.held.hearing.text, state.held.voiced, state.reply.is_closing)


def check_decision(event: e.Event, commands: list[Command], ledger: Ledger, over: Over, state: State) -> None:
    """Of a reply that was held when this happened."""
    said = [text for _, text in sorted(ledger.said.items()) if text]
    endings = [command.ending for command in commands if isinstance(command, do.RecordTurn)]
    match event:
        case e.TranscriptFinished(_, utterance) if utterance in ledger.said and not ledger.awaited:
            meant = any(over.closing or not HUM.fullmatch(text) for text in said)
            assert (do.Ending.CUT_BY_SPEECH in endings) == meant, "it was taken for what it was not"
            goes_on = any(isinstance(command, do.ResumePlayback) for command in commands)
            assert not (over.voiced and goes_on), "it went on under a voice"
        case e.TranscriptChanged(_, _, text) if not said and len(ledger.awaited) == 1 and not over.closing:
            assert not endings or not HUM.fullmatch(text), "a hum ended the reply"
            assert not endings or text != "I like te", "few words of a guess ended the reply"
        case e.ReplyStopRequested() if ledger.awaited:
            ledger.doubted = True
            assert not any(is_listening(command) for command in commands), "the user is not heard on"
        case e.HungUp() if over.is_meant:
            committed = [command.user_text for command in commands if isinstance(command, do.CommitTurn)]
            assert over.text in committed, "what was said over a reply was lost"
        case e.TextTyped(_, text) if over.is_meant and text.strip():
            assert questions(commands) == [f"{over.text} {text.strip()}"], (
                "what was said over a reply was lost"
            )
        case e.HearingLost():
            assert state.held is None, "nobody hears what is waited for"
        case _:
            pass
    if any(isinstance(command, do.ResumePlayback) for command in commands) and state.reply is not None:
        is_over = state.reply.speech_done and not state.reply.remaining_s
        assert not is_over, "a reply that was heard to its end goes on"


def questions(commands: list[Command]) -> list[str]:
    return [command.messages[-1].content for command in commands if isinstance(command, do.StartReply)]


def check_doubted(event: e.Event, commands: list[Command], ledger: Ledger) -> None:
    hums = all(HUM.fullmatch(text) for text in ledger.said.values() if text)
    if ledger.doubted and hums and not ledger.awaited and isinstance(event, e.TranscriptFinished):
        assert not questions(commands), "a hum was answered"


def is_listening(command: Command) -> bool:
    return isinstance(command, n.PhaseChanged) and command.phase is Phase.LISTENING


def check_deadline(commands: list[Command], ledger: Ledger) -> None:
    for command in commands:
        if isinstance(command, do.RecordTurn) and command.ending is do.Ending.CUT_BY_SPEECH:
            assert ledger.awaited, "a mere noise took the floor"
        if isinstance(command, do.ResumePlayback):
            assert not ledger.awaited, "a voice that lasts did not win"
