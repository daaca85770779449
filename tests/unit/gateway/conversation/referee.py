"""Plays a script to a conversation and holds it to its promises.

`Referee` raises AssertionError on the first broken promise.
"""

from typing import Any

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command
from gateway.conversation.floor import NEXT, Phase
from gateway.conversation.limits import Limits
from tests.unit.gateway.conversation.drafts import check_drafts, note_draft
from tests.unit.gateway.conversation.holds import (
    check_deadline,
    check_decision,
    check_doubted,
    check_hold,
    check_overlap,
    note_hold,
    said_over,
)
from tests.unit.gateway.conversation.joins import check_joins, note_join
from tests.unit.gateway.conversation.ledger import Ledger, written_apology
from tests.unit.gateway.conversation.moves import event_of
from tests.unit.gateway.conversation.scripts import Move

LIMITS = Limits(idle_s=30.0, reply_chars=120)
HANGS_UP = 5
"""A last move with this number is followed by the end."""


class Referee:
    def __init__(self, conversation_class: Any) -> None:
        self.conversation = conversation_class([TUTOR], LIMITS)
        self.ledger = Ledger()
        self.now = 0.0
        self.utterance = 0
        self.highest_turn = 0

    # ------------------------------------------------------------------ playing

    def play(self, script: list[Move], settles: bool = True) -> None:
        """`settles`: and wait until nobody has the floor."""
        for move in script:
            self.pass_time(move.wait_s)
            event = self.event(move)
            if event is not None:
                self.tell(event)
        if settles:
            if script[-1].number == HANGS_UP:
                self.tell(e.HungUp(self.now))
            self.settle()

    def pass_time(self, seconds: float) -> None:
        """Deadlines that lie in between fire at their time."""
        until = self.now + seconds
        for _ in range(60):
            due = self.conversation.next_deadline()
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            self.ring()
        else:
            raise AssertionError("a deadline fires again and again")
        self.now = until

    def settle(self) -> None:
        """However it was left, by deadlines alone it comes back to listening, or closes."""
        for _ in range(60):
            if self.is_at_rest:
                break
            due = self.conversation.next_deadline()
            assert due is not None, f"no deadline in {self.conversation.phase}"
            assert due < self.now + 65, "a deadline must be near"
            self.now = max(self.now, due)
            self.ring()
        assert self.is_at_rest, "the floor never came back"
        self.check_books()

    def ring(self) -> None:
        commands = self.conversation.on_deadline(self.now)
        check_deadline(commands, self.ledger)
        self.check(commands)

    @property
    def is_at_rest(self) -> bool:
        """Nobody has the floor, and what was heard is settled."""
        idle = self.conversation.phase in (Phase.LISTENING, Phase.CLOSED)
        return idle and self.conversation.state.settling is None

    def event(self, move: Move) -> e.Event | None:
        self.utterance += move.kind == "started"
        stale = int(move.stale and move.kind != "started")
        reply = self.conversation.state.replies - int(move.stale)
        return event_of(move, self.now, max(self.utterance - stale, 0), reply)

    def tell(self, event: e.Event) -> None:
        state, before = self.conversation.state, self.conversation.phase
        live = state.reply.id if state.reply else None
        settling = state.settling.id if state.settling else None
        flushed = state.hearing.flushed
        over = said_over(state)
        was_held = over is not None
        self.ledger.note_event(event, live, settling)
        commands = self.conversation.receive(event)
        if isinstance(event, e.ReplyEvent) and event.reply != live:
            dropped = [do.DropDraft(event.reply, failed=True)]
            assert commands in ([], dropped), "an event of a dead reply did something"
        if not was_held:
            check_overlap(event, before, live or 0, commands, self.conversation.phase)
        self.check(commands)
        if isinstance(event, e.ReplyStopRequested):
            self.ledger.unanswered = None
        self.check_end_of_turn(event, before, flushed, was_held)
        if over is not None:
            check_decision(event, commands, self.ledger, over, state)
        check_doubted(event, commands, self.ledger)
        if before is Phase.USER_TURN and self.conversation.phase is Phase.LISTENING:
            assert self.ledger.unanswered is None, "a question was forgotten for a noise"
        if self.conversation.phase is Phase.LISTENING:
            self.ledger.unanswered = None

    def check_end_of_turn(self, event: e.Event, before: Phase, flushed: bool, was_held: bool) -> None:
        """The user has finished when everything that was begun has its final, and not before; and when those
        call for more, a little later.
        """
        awaited, phase = self.ledger.awaited, self.conversation.phase
        if before is not Phase.USER_TURN and not was_held:
            awaited.clear()
            self.ledger.said.clear()
            self.ledger.doubted = False
        is_held = self.conversation.state.held is not None
        if isinstance(event, e.UserSpeechStarted) and (phase is Phase.USER_TURN or is_held):
            awaited.add(event.utterance)
        says_so = isinstance(event, e.UserCommitted | e.AudioStalled)
        if isinstance(event, e.ConversationEndRequested):
            says_so = self.conversation.state.analysing_until is None  # else it was said before
        if says_so and before is Phase.USER_TURN and not awaited:
            assert phase is not Phase.USER_TURN, "patience with who has said that it was all"
        if isinstance(event, e.TranscriptFinished) and event.utterance in awaited:
            awaited.discard(event.utterance)
            if before is Phase.USER_TURN:
                self.check_patience(event, phase, flushed)
            elif was_held:
                self.ledger.said[event.utterance] = event.text
                held = self.conversation.state.held
                assert awaited or held is None or held.voiced, "all is understood, and nobody decides"

    def check_patience(self, event: e.TranscriptFinished, phase: Phase, flushed: bool) -> None:
        said, awaited = self.ledger.said, self.ledger.awaited
        said[event.utterance] = event.text
        all_of_it = " ".join(text for _, text in sorted(said.items()) if text)
        calls_for_more = bool(event.text) and not flushed and all_of_it.endswith("and")
        is_answered = phase is not Phase.USER_TURN
        assert is_answered == (not awaited and not calls_for_more), "answered too soon, or not at all"
        if not is_answered and not awaited:
            due = self.conversation.next_deadline()
            assert due is not None, "nobody waits for more"
            assert due <= self.now + LIMITS.patience_s, "patience has no end"

    # ------------------------------------------------------------------ promises

    def check(self, commands: list[Command]) -> None:
        for command in commands:
            self.check_command(command)
        conversation, state = self.conversation, self.conversation.state
        assert conversation.turn >= self.highest_turn, "turns went backwards"
        self.highest_turn = conversation.turn
        is_closed = conversation.phase is Phase.CLOSED
        has_deadline = conversation.next_deadline() is not None
        assert has_deadline != is_closed, f"deadline in {conversation.phase}"
        has_reply = state.reply is not None
        assert has_reply == (not is_closed and state.floor.is_answering), "a reply out of phase"
        assert is_closed or self.ledger.told == (conversation.phase, conversation.turn), "nobody was told"
        assert (state.floor.user, state.floor.agent) in NEXT, "two had the floor"
        check_drafts(commands, self.conversation, self.ledger)
        check_joins(self.conversation, self.ledger)
        check_hold(self.conversation, self.ledger, self.now)
        assert not (is_closed and state.settling), "it closed before it was known what had been heard"

    def check_command(self, command: Command) -> None:
        ledger = self.ledger
        note_hold(command, ledger, self.now)
        note_draft(command, ledger)
        note_join(command, ledger)
        match command:
            case n.PhaseChanged(phase, turn):
                assert (phase, turn) != ledger.told, "the same phase was told twice"
                if turn != ledger.told[1]:
                    assert set(ledger.recorded) == set(range(1, turn)), "the last turn was not over"
                ledger.told = (phase, turn)
            case do.StartReply(reply, turn) | do.UseDraft(reply, turn) | do.StartSpeech(reply, turn):
                assert all(reply > earlier for earlier in ledger.turns), "a reply was started twice"
                assert turn not in ledger.turns.values(), "a turn was answered twice"
                assert all(t in ledger.committed for t in ledger.turns.values()), "two replies at once"
                ledger.turns[reply] = turn
                question, ledger.unanswered = ledger.unanswered, None
                if isinstance(command, do.StartReply):
                    assert command.messages[0].role == "system"
                    assert command.messages[-1].role == "user", "the prompt must end with the user"
                    ledger.asked[reply] = command.messages[-1].content
                    if question is not None and self.conversation.state.reply.user_text == "":
                        assert ledger.asked[reply] == question, "another question was asked again"
            case do.AskAgain(reply):
                assert reply not in ledger.dead, "a dead reply was asked again"
                assert not ledger.written.get(reply), "a reply was asked again that had begun"
                ledger.note_again(do.AskAgain, reply)
            case do.SpeakAgain(reply):
                assert reply not in ledger.dead, "a dead reply was spoken again"
                assert reply not in ledger.sounded, "a reply was spoken again that had been heard"
                ledger.note_again(do.SpeakAgain, reply)
            case n.LatenciesMeasured(_, reply):
                assert ledger.told[0] is Phase.SPEAKING, "nobody was told that a reply is heard"
                ledger.sounded.add(reply)
            case do.CancelSpeech(reply):
                assert reply not in ledger.sounded, "a voice that is heard was given up"
                ledger.silenced.add(reply)
            case do.SpeakText(reply, text):
                assert reply not in ledger.dead, "a dead reply was spoken"
                assert reply not in ledger.silenced, "a voice that was given up was spoken with"
                ledger.spoken[reply] = ledger.spoken.get(reply, "") + text
            case n.ReplyTextAdded(_, reply, text):
                assert reply not in ledger.dead, "a dead reply was shown"
                assert reply not in ledger.finished_text, "text after its end"
                ledger.written[reply] = ledger.written.get(reply, "") + text
            case n.ReplyTextEnded(_, reply, full):
                assert full == ledger.written.get(reply, ""), "the full text is not what was shown"
                ledger.finished_text[reply] = ledger.finished_text.get(reply, 0) + 1
                assert ledger.finished_text[reply] == 1, "a text ended twice"
            case do.FinishText(reply):
                assert reply not in ledger.dead, "a dead reply was finished"
            case do.CancelReply(reply):
                ledger.dead.add(reply)
            case n.TurnCompleted():
                self.check_completed(command)
            case do.RecordTurn(_, turn):
                assert turn == self.conversation.turn or turn == ledger.told[1], "another turn is over"
                ledger.record(command)
            case do.CommitTurn(turn):
                assert turn in ledger.recorded, "a turn was committed before it was over"
                assert turn not in ledger.committed, "a turn was committed twice"
                ledger.committed[turn] = command
                self.check_commit(command)
            case n.ErrorOccurred(code):
                assert code != "stt_late" or ledger.awaited, "patience was taken for a failure"
                ledger.errors += 1
            case _:
                pass

    def check_completed(self, turn: n.TurnCompleted) -> None:
        ledger, reply = self.ledger, turn.reply
        assert reply not in ledger.completed, "a reply was completed twice"
        assert turn.turn == ledger.turns[reply], "a reply of another turn was completed"
        ledger.completed[reply] = turn
        written = ledger.written.get(reply, "")
        unheard = reply not in ledger.played and not turn.heard_text and not written_apology(written)
        if turn.interrupted and reply in ledger.asked and unheard:
            ledger.unanswered = ledger.asked[reply]
        if not turn.interrupted:
            assert written.strip(), "a turn went by without a word or an apology"
            assert reply in ledger.finished_text, "the text of a finished turn was left open"
        spoken = ledger.spoken.get(reply, "")
        assert written.startswith(spoken), "what was spoken is not what was written"

    def check_commit(self, turn: do.CommitTurn) -> None:
        ledger = self.ledger
        reply = next((reply for reply, of in ledger.turns.items() if of == turn.turn), None)
        if reply is None:
            assert turn.user_text, "nothing was committed"
            return
        completed = ledger.completed[reply]
        if reply in ledger.sounded and reply not in ledger.played and reply not in ledger.last_word:
            assert not turn.heard_text, "what nobody was told to have been played was heard"
        if reply not in ledger.last_word:
            assert turn.heard_text == completed.heard_text, "it was settled otherwise than anybody said"
        if turn.heard_text:
            ledger.unanswered = None
        written = ledger.written.get(reply, "")
        assert turn.reply_text == written, "what was remembered is not what was written"
        assert written.strip().startswith(turn.heard_text), "heard what was not written"
        if reply in ledger.asked:
            assert turn.user_text in ("", ledger.asked[reply])
        items = [item for item in self.conversation.state.items.kept if item.speaker == TUTOR.name]
        if turn.heard_text:
            assert items[-1].text == turn.heard_text, "history is not what was heard"
            if reply in ledger.last_word and completed.audio_samples:
                heard = min(ledger.last_word[reply], completed.audio_samples)
                assert items[-1].heard_ms == heard * 1000 // 24_000, "the client's last word does not count"
        assert all(item.text for item in items), "a reply of which nothing was heard is in the history"

    def check_books(self) -> None:
        ledger = self.ledger
        assert set(ledger.committed) >= set(ledger.turns.values()), "a turn was started and never committed"
        assert set(ledger.completed) == set(ledger.turns)
        assert set(ledger.recorded) == set(range(1, self.highest_turn + 1)), "a turn was never over"
        assert ledger.dead >= set(ledger.turns), "something of a reply was left running"
