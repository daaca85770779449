"""Plays a script to a conversation and holds it to its promises.

`Referee` raises AssertionError on the first broken promise.
"""

from dataclasses import dataclass, field
from typing import Any

from gateway.conversation import commands as c
from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import APOLOGY, HEARING_APOLOGY
from gateway.conversation.limits import Limits
from gateway.conversation.phases import Phase
from tests.unit.gateway.conversation.scripts import WORDS, Move

FAILURES = tuple(e.Failure)
LIMITS = Limits(idle_s=30.0, reply_chars=120)


@dataclass
class Ledger:
    """What was promised and done, by turn."""

    started: set[int] = field(default_factory=set)
    dead: set[int] = field(default_factory=set)
    completed: dict[int, c.CompleteTurn] = field(default_factory=dict)
    committed: dict[int, c.CommitTurn] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)
    spoken: dict[int, str] = field(default_factory=dict)
    finished_text: dict[int, int] = field(default_factory=dict)
    asked: dict[int, str] = field(default_factory=dict)
    tried_again: set[tuple[type, int]] = field(default_factory=set)
    played: set[int] = field(default_factory=set)
    sounded: set[int] = field(default_factory=set)
    silenced: set[int] = field(default_factory=set)
    unanswered: str | None = None
    """The question whose answer was cut short before anything of it was heard."""
    errors: int = 0


class Referee:
    def __init__(self, conversation_class: Any) -> None:
        self.conversation = conversation_class(TUTOR, LIMITS)
        self.ledger = Ledger()
        self.now = 0.0
        self.utterance = 0
        self.highest_turn = 0

    # ------------------------------------------------------------------ playing

    def play(self, script: list[Move]) -> None:
        for move in script:
            self.pass_time(move.wait_s)
            event = self.event(move)
            if event is not None:
                self.tell(event)
        self.settle()

    def pass_time(self, seconds: float) -> None:
        """Deadlines that lie in between fire at their time."""
        until = self.now + seconds
        for _ in range(60):
            due = self.conversation.next_deadline()
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.check(self.conversation.on_deadline(self.now))
        else:
            raise AssertionError("a deadline fires again and again")
        self.now = until

    def settle(self) -> None:
        """However it was left, by deadlines alone it comes back to listening, or closes."""
        for _ in range(60):
            if self.conversation.phase in (Phase.LISTENING, Phase.CLOSED):
                break
            due = self.conversation.next_deadline()
            assert due is not None, f"no deadline in {self.conversation.phase}"
            assert due < self.now + 65, "a deadline must be near"
            self.now = max(self.now, due)
            self.check(self.conversation.on_deadline(self.now))
        assert self.conversation.phase in (Phase.LISTENING, Phase.CLOSED), "the floor never came back"
        self.check_books()

    def event(self, move: Move) -> e.Event | None:
        turn = self.conversation.turn - 1 if move.stale else self.conversation.turn
        at, utterance = self.now, max(self.utterance - int(move.stale), 0)
        word = WORDS[move.number]
        match move.kind:
            case "started":
                self.utterance += 1
                return e.UserSpeechStarted(at, self.utterance)
            case "stopped":
                return e.UserSpeechStopped(at, utterance, max(at - 0.6, 0))
            case "partial":
                return e.TranscriptChanged(at, utterance, "I li")
            case "final":
                return e.TranscriptFinished(at, utterance, "I like tea")
            case "empty_final":
                return e.TranscriptFinished(at, utterance, "")
            case "lost":
                return e.HearingLost(at, "gone", refused=move.number == 2)
            case "stalled":
                return e.AudioStalled(at)
            case "committed":
                return e.UserCommitted(at)
            case "typed":
                return e.TextTyped(at, word)
            case "stop":
                return e.ReplyStopRequested(at)
            case "level":
                return e.LevelChosen(at, ("beginner", "advanced", "guru")[move.number % 3])
            case "end":
                return e.ConversationEndRequested(at)
            case "text":
                return e.ReplyTextArrived(at, turn, word * (40 if move.number == 2 else 1))
            case "text_done":
                return e.ReplyTextFinished(at, turn)
            case "text_failed":
                return e.ReplyTextFailed(at, turn, "boom", FAILURES[move.number % 3])
            case "audio":
                samples = 1920 * move.number
                words = (e.Word(word.strip() or "x", samples),)
                return e.SpeechArrived(at, turn, samples, words)
            case "audio_done":
                return e.SpeechFinished(at, turn)
            case "audio_failed":
                return e.SpeechFailed(at, turn, "boom", FAILURES[move.number % 3])
            case "played":
                return e.PlaybackAdvanced(at, turn, 1920 * move.number)
            case "played_out":
                return e.PlayedOut(at, turn)
            case "analysis_failed":
                return e.AnalysisFailed(at, "boom")
            case _:
                return None

    def tell(self, event: e.Event) -> None:
        before, reply = self.conversation.phase, self.conversation.reply
        live = reply.turn if reply else None
        if live is not None and isinstance(event, e.PlaybackAdvanced | e.PlayedOut) and event.turn == live:
            self.ledger.played.add(live)
        commands = self.conversation.receive(event)
        if isinstance(event, e.ReplyStopRequested):
            self.ledger.unanswered = None
        if isinstance(event, e.ReplyEvent) and event.turn != live:
            assert commands == [], "an event of a dead turn did something"
        if isinstance(event, e.UserSpeechStarted) and before in (Phase.THINKING, Phase.SPEAKING):
            assert c.FlushPlayback(live or 0) in commands, "user speech did not silence the reply"
            assert c.CancelReply(live or 0) in commands, "user speech did not cancel the reply"
            assert self.conversation.phase is Phase.USER_TURN, "user speech did not take the floor"
        self.check(commands)
        if before is Phase.USER_TURN and self.conversation.phase is Phase.LISTENING:
            assert self.ledger.unanswered is None, "a question was forgotten for a noise"
        if self.conversation.phase is Phase.LISTENING:
            self.ledger.unanswered = None

    # ------------------------------------------------------------------ promises

    def check(self, commands: list[c.Command]) -> None:
        for command in commands:
            self.check_command(command)
        conversation = self.conversation
        assert conversation.turn >= self.highest_turn, "turns went backwards"
        self.highest_turn = conversation.turn
        has_deadline = conversation.next_deadline() is not None
        assert has_deadline == (conversation.phase is not Phase.CLOSED), f"deadline in {conversation.phase}"
        has_reply = conversation.reply is not None
        assert has_reply == (conversation.phase in (Phase.THINKING, Phase.SPEAKING)), "a reply out of phase"

    def check_command(self, command: c.Command) -> None:
        ledger = self.ledger
        match command:
            case c.StartReply(turn) | c.StartSpeech(turn):
                assert turn not in ledger.started, "a turn was answered twice"
                assert all(t in ledger.committed for t in ledger.started), "two replies at once"
                ledger.started.add(turn)
                question, ledger.unanswered = ledger.unanswered, None
                if isinstance(command, c.StartReply):
                    assert command.messages[0].role == "system"
                    assert command.messages[-1].role == "user", "the prompt must end with the user"
                    ledger.asked[turn] = command.messages[-1].content
                    if question is not None and self.conversation.reply.user_text == "":
                        assert ledger.asked[turn] == question, "another question was asked again"
            case c.AskAgain(turn):
                assert turn not in ledger.dead, "a dead turn was asked again"
                assert not ledger.written.get(turn), "a reply was asked again that had begun"
                self.note_again(c.AskAgain, turn)
            case c.SpeakAgain(turn):
                assert turn not in ledger.dead, "a dead turn was spoken again"
                assert turn not in ledger.sounded, "a reply was spoken again that had been heard"
                self.note_again(c.SpeakAgain, turn)
            case c.ReportLatencies(turn):
                ledger.sounded.add(turn)
            case c.CancelSpeech(turn):
                assert turn not in ledger.sounded, "a voice that is heard was given up"
                ledger.silenced.add(turn)
            case c.SpeakText(turn, text):
                assert turn not in ledger.dead, "a dead turn was spoken"
                assert turn not in ledger.silenced, "a voice that was given up was spoken with"
                ledger.spoken[turn] = ledger.spoken.get(turn, "") + text
            case c.ShowReplyText(turn, text):
                assert turn not in ledger.dead, "a dead turn was shown"
                assert turn not in ledger.finished_text, "text after its end"
                ledger.written[turn] = ledger.written.get(turn, "") + text
            case c.FinishReplyText(turn, full):
                assert full == ledger.written.get(turn, ""), "the full text is not what was shown"
                ledger.finished_text[turn] = ledger.finished_text.get(turn, 0) + 1
                assert ledger.finished_text[turn] == 1, "a text ended twice"
            case c.FinishText(turn):
                assert turn not in ledger.dead, "a dead turn was finished"
            case c.CancelReply(turn):
                ledger.dead.add(turn)
            case c.CompleteTurn(turn):
                assert turn not in ledger.completed, "a turn was completed twice"
                ledger.completed[turn] = command
            case c.CommitTurn(turn):
                assert turn not in ledger.committed, "a turn was committed twice"
                ledger.committed[turn] = command
                self.check_commit(command)
            case c.ShowError():
                ledger.errors += 1
            case _:
                pass

    def note_again(self, kind: type, turn: int) -> None:
        assert (kind, turn) not in self.ledger.tried_again, "a third replica was asked"
        self.ledger.tried_again.add((kind, turn))

    def check_commit(self, turn: c.CommitTurn) -> None:
        ledger = self.ledger
        if turn.turn in ledger.sounded and turn.turn not in ledger.played:
            assert not turn.heard_text, "what nobody was told to have been played was heard"
        apologised = written_apology(ledger.written.get(turn.turn, ""))
        unheard = turn.turn not in ledger.played and not turn.heard_text and not apologised
        if turn.interrupted and turn.turn in ledger.asked and unheard:
            ledger.unanswered = ledger.asked[turn.turn]
        written = self.ledger.written.get(turn.turn, "")
        assert turn.reply_text == written, "what was remembered is not what was written"
        assert written.strip().startswith(turn.heard_text), "heard what was not written"
        if turn.turn in self.ledger.asked:
            assert turn.user_text in ("", ledger.asked[turn.turn])
        if not turn.interrupted:
            assert written.strip(), "a turn went by without a word or an apology"
            assert turn.turn in self.ledger.finished_text, "the text of a finished turn was left open"
        replies = [m.content for m in self.conversation.history.prompt("") if m.role == "assistant"]
        if turn.heard_text:
            assert replies[-1] == turn.heard_text, "history is not what was heard"
        spoken = self.ledger.spoken.get(turn.turn, "")
        assert written.startswith(spoken), "what was spoken is not what was written"

    def check_books(self) -> None:
        ledger = self.ledger
        assert set(ledger.committed) == ledger.started, "a turn was started and never committed"
        assert set(ledger.completed) == ledger.started
        assert ledger.dead >= ledger.started, "something of a turn was left running"


def written_apology(text: str) -> bool:
    return text.endswith((APOLOGY, HEARING_APOLOGY))
