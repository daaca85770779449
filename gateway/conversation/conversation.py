"""The turn engine: told what happened and when, it answers what to do. It cannot hang.

Whatever event never comes, a deadline passes, and the user hears something or the floor returns to them. User
speech wins. The user's half is here, the machine's in `answering.py`, the user's voice over the machine's in
`holding.py`; who has the floor is in `floor.py`.
"""

from collections.abc import Sequence

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import Agent
from gateway.conversation.answering import Answering
from gateway.conversation.drafting import Drafting
from gateway.conversation.effects import CloseReason, Effect, Ending
from gateway.conversation.floor import Phase, UserState
from gateway.conversation.hearing import Hearing, Held
from gateway.conversation.holding import Holding
from gateway.conversation.limits import Limits
from gateway.conversation.notices import Notice
from gateway.conversation.settling import Settling
from gateway.conversation.state import State, begin
from gateway.conversation.timing import TurnTiming
from gateway.conversation.turn_end import has_finished, wants_patience

Command = Effect | Notice


class Conversation:
    """One dialogue. Pure: the same events at the same times give the same commands.

    `state`: where it goes on from; None: it begins `at`.
    """

    def __init__(
        self,
        agents: Sequence[Agent],
        limits: Limits | None = None,
        at: float = 0.0,
        state: State | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.state = state or begin(agents, self.limits, at)
        self._agents = {agent.name: agent for agent in agents}
        self._out: list[Command] = []
        settling = self._settling = Settling(self.state, self.limits, self._emit)
        drafting = self._drafting = Drafting(self.state, self._agents, self.limits, self._emit)
        self._answering = Answering(
            self.state,
            self._agents,
            self.limits,
            settling,
            drafting,
            self._emit,
            self._tell_phase,
            self._listen,
        )
        self._holding = Holding(
            self.state, self._agents, self.limits, self._answering, settling, self._emit, self._go_on_from
        )

    @property
    def phase(self) -> Phase:
        return self.state.floor.phase

    @property
    def turn(self) -> int:
        return self.state.floor.turn

    @property
    def variant(self) -> str:
        """The agent's, now."""
        return self.state.variant

    def go_on_from(self, earlier: Sequence[tuple[str, str]]) -> None:
        """What was said and heard in the conversation that this one continues, oldest first."""
        self.state.items.go_on_from(earlier, self.state.agent)

    # ------------------------------------------------------------------ the three entrances

    def receive(self, event: e.Event) -> list[Command]:
        """What to do now that this happened. Total: any event, in any phase."""
        self._out = []
        if not self.state.floor.closed:
            self._dispatch(event)
        return self._out

    def next_deadline(self) -> float | None:
        """When to call on_deadline; None once closed."""
        state = self.state
        if state.floor.closed:
            return None
        due = state.due
        if state.analysing_until is not None:
            due = min(due, state.analysing_until)
        return due if state.settling is None else min(due, state.settle_by)

    def on_deadline(self, now: float) -> list[Command]:
        """What to do now that what was awaited has not come. Early calls do nothing."""
        self._out = []
        state = self.state
        if state.floor.closed:
            return self._out
        if state.settling is not None and now >= state.settle_by:
            self._settling.settle()
        elif state.analysing_until is not None and now >= state.analysing_until:
            self._fail_analysis("it took too long; try again")
        elif now >= state.due:
            self._expire(now)
        return self._out

    def _dispatch(self, event: e.Event) -> None:
        match event:
            case e.ReplyEvent():  # nearly all are
                self._answering.receive(event)
            case e.VoiceNoticed(at):
                self._holding.notice(at)
            case e.VoiceDismissed(at):
                self._holding.dismiss(at)
            case e.UserSpeechStarted(at, utterance):
                self._start_user_speech(at, utterance)
            case e.UserSpeechStopped(at, utterance, ended_at):
                self._stop_user_speech(at, utterance, ended_at)
            case e.TranscriptChanged(at, utterance, text):
                self._change_transcript(at, utterance, text)
            case e.TranscriptFinished(at, utterance, text, unsure):
                self._finish_transcript(at, utterance, text, unsure)
            case e.EndForeseen(_, utterance):
                self._drafting.foresee(utterance)
            case e.HearingLost(at, message, refused):
                self._lose_hearing(at, message, refused)
            case e.AudioStalled() if self.limits.manual:
                self._emit(do.FlushHearing())
            case e.AudioStalled(at) | e.UserCommitted(at):
                self._end_speech(at)
            case e.TextTyped(at, text):
                self._type(at, text)
            case e.ReplyStopRequested(at):
                self._stop_reply(at)
            case e.VariantChosen(_, variant):
                self._choose_variant(variant)
            case e.ConversationEndRequested(at):
                self._end(at)
            case e.HungUp(at):
                self._hang_up(at)
            case e.AnalysisFinished(_, report):
                self._finish_analysis(n.Analyzed(report))
            case e.AnalysisFailed(_, message):
                self._fail_analysis(message)

    # ------------------------------------------------------------------ the user's half

    def _start_user_speech(self, at: float, utterance: int) -> None:
        state, floor = self.state, self.state.floor
        if self._holding.may_hold:
            self._holding.start(at, utterance)
            return
        if (said := self._settling.withdraw()) is not None:
            state.hearing, state.timing = Hearing(), TurnTiming()  # of the same turn, and more of it
            state.hearing.go_on_from(said)
        elif floor.user is UserState.QUIET:
            self._settling.stop(at, Ending.CUT_BY_SPEECH)
            self._begin_turn()
        floor.give_to_user(UserState.SPEAKING)
        self._tell_phase()
        state.hearing.start(utterance)
        state.deadline = at + self.limits.utterance_s

    def _begin_turn(self) -> None:
        """The floor changes hands."""
        self.state.floor.begin_turn()
        self.state.hearing, self.state.timing = Hearing(), TurnTiming()

    def _go_on_from(self, at: float, held: Held) -> None:
        """The user has interrupted a reply: what they said over it begins their turn."""
        state, was = self.state, self.state.floor.user
        self._begin_turn()
        state.hearing = held.hearing
        state.timing.speech_ended, state.timing.end_noticed = held.speech_ended, held.end_noticed
        state.floor.give_to_user(was)
        self._tell_phase()
        if held.hearing.text:
            self._emit(n.Transcribed(self.turn, held.hearing.text, is_final=False))
        state.deadline = at + (
            self.limits.utterance_s if was is UserState.SPEAKING else self.limits.stt_final_s
        )
        if has_finished(held.hearing):
            self._await_more(at, held.hearing.text)

    def _stop_user_speech(self, at: float, utterance: int, ended_at: float) -> None:
        state = self.state
        if state.held is not None:
            self._holding.stop(at, utterance, ended_at)
        elif self.phase is Phase.USER_TURN and state.hearing.stop(utterance):
            state.timing.speech_ended, state.timing.end_noticed = ended_at, at
            self._settle_speech(at)

    def _settle_speech(self, at: float) -> None:
        """What was said is being understood, unless something else is still being said."""
        state = self.state
        if state.hearing.flushed or not state.hearing.speaking:
            state.floor.give_to_user(UserState.SETTLING)
        state.deadline = at + self.limits.stt_final_s

    def _change_transcript(self, at: float, utterance: int, text: str) -> None:
        hearing = self.state.hearing
        if self.state.held is not None:
            self._holding.change(at, utterance, text)
        elif self.phase is Phase.USER_TURN and hearing.change(utterance, text):
            self._drafting.reconsider()
            self._emit(n.Transcribed(self.turn, hearing.text, is_final=False))

    def _finish_transcript(self, at: float, utterance: int, text: str, unsure: bool) -> None:
        hearing = self.state.hearing
        if self.state.held is not None:
            self._holding.finish(at, utterance, text, unsure)
        elif self.phase is Phase.USER_TURN and hearing.finish(utterance, text, unsure):
            self._drafting.reconsider()
            if has_finished(hearing):
                self._await_more(at, text)
            elif not hearing.speaking:
                self.state.floor.give_to_user(UserState.SETTLING)

    def _await_more(self, at: float, latest: str) -> None:
        """All that was begun is understood: answer it, or have patience first. `latest`: the last final."""
        hearing = self.state.hearing
        if self.limits.manual and hearing.text != hearing.before and not hearing.flushed:
            self.state.floor.give_to_user(UserState.SETTLING)
            self.state.deadline = at + self.limits.utterance_s
        elif wants_patience(hearing, latest, self._agents[self.state.agent].language):
            self.state.floor.give_to_user(UserState.SETTLING)
            self.state.deadline = at + self.limits.patience_s
        else:
            self._conclude_user_turn(at)

    def _conclude_user_turn(self, at: float) -> None:
        self._settling.settle()
        text = "" if self._holding.is_no_turn(self.state.hearing) else self.state.hearing.text
        before = self.state.hearing.before
        self._take_hearing()
        self.state.timing.understood = at
        self._emit(n.Transcribed(self.turn, text, is_final=True, before=before))
        if text:
            self._answering.think(at, text)
        elif self.state.unanswered:
            self._answering.ask(at)  # a cough took the floor before anything of the answer was heard
        else:
            self._emit(do.RecordTurn(at, self.turn, 0, Ending.NOTHING_HEARD, self.state.timing))
            self._listen(at)

    def _take_hearing(self) -> str:
        """What was said, which from here on counts as answered."""
        text, self.state.hearing = self.state.hearing.text, Hearing()
        return text

    def _force_final(self, at: float) -> None:
        """The user has finished, whatever the gate thinks."""
        if self.phase is Phase.USER_TURN and not self.state.hearing.flushed:
            self.state.hearing.flushed = True
            self._settle_speech(at)
            self._emit(do.FlushHearing())
            if has_finished(self.state.hearing):  # patience was had with them
                self._conclude_user_turn(at)

    def _end_speech(self, at: float) -> None:
        """Nothing more comes, or the user has finished. The gate must know in every phase: it may be in the
        middle of speech of which nothing was told yet, or that no longer counts.
        """
        if self.phase is Phase.USER_TURN:
            self._force_final(at)
            return
        if self.state.held is not None:
            self.state.held.hearing.flushed = True
        self._emit(do.FlushHearing())

    def _lose_hearing(self, at: float, message: str, refused: bool) -> None:
        words = f"I cannot hear you just now: {message}"
        if refused:
            self._emit(n.ErrorOccurred("stt_refused", words, self.turn))
        else:
            self._emit(n.ErrorOccurred("stt_unavailable", words, self.turn))
        self._holding.lose(at)
        if self.phase is Phase.USER_TURN:
            self._conclude_deaf(at)

    def _conclude_deaf(self, at: float) -> None:
        """No final will come: answer what was understood so far, or say that nothing was."""
        if self.state.hearing.text:
            self._conclude_user_turn(at)
        else:
            self._take_hearing()
            self._answering.apologise_unheard(at)

    def _type(self, at: float, text: str) -> None:
        """What is typed and what was being said, as far as it was understood, are one question."""
        if not text.strip():
            return
        state, said, before = self.state, "", self.state.hearing.before
        if state.held is not None:
            said = self._holding.take_said()
            self._settling.stop(at, Ending.CUT_BY_TEXT)
            self._emit(do.FlushHearing())
            self._begin_turn()
        elif state.floor.is_answering:
            self._settling.stop(at, Ending.CUT_BY_TEXT)
            self._begin_turn()
        elif self.phase is Phase.USER_TURN:
            said = self._take_hearing()
            self._emit(do.FlushHearing())
        else:
            self._begin_turn()
        state.timing.note_typed(at)
        question = f"{said} {text.strip()}".strip()
        self._emit(n.Transcribed(self.turn, question, is_final=True, before=before))
        self._answering.think(at, question)

    def _choose_variant(self, variant: str) -> None:
        if variant in self._agents[self.state.agent].variants:
            self.state.variant = variant
        else:
            self._emit(n.ErrorOccurred("invalid_level", f"Invalid level: {variant}"))

    # ------------------------------------------------------------------ ends

    def _stop_reply(self, at: float) -> None:
        held = self.state.held
        if held is not None and held.hearing.open:
            self._holding.give_up(at, Ending.CUT_BY_STOP)
            self.state.unanswered = False
        elif self.state.reply is not None:
            self.state.held = None
            self._settling.stop(at, Ending.CUT_BY_STOP)
            self._listen(at)

    def _listen(self, at: float) -> None:
        self.state.unanswered = False
        self.state.floor.release()
        self._tell_phase()
        self.state.deadline = at + self.limits.idle_s
        if self.state.ending:
            self._analyse(at)

    def _hang_up(self, at: float) -> None:
        """Nothing that was said is lost: what is unfinished is committed as it stands."""
        said = self._holding.take_said()
        self._settling.stop(at, Ending.HUNG_UP)
        self._close()
        if said:
            self._begin_turn()
        elif self.state.floor.user is UserState.QUIET:
            return
        self._emit(do.RecordTurn(at, self.turn, 0, Ending.HUNG_UP, self.state.timing))
        if said := said or self.state.hearing.text:
            self._emit(do.CommitTurn(self.turn, said, "", "", interrupted=True))

    def _close(self) -> None:
        self._drafting.drop()
        self._settling.settle()
        self.state.floor.close()

    def _end(self, at: float) -> None:
        if self.state.analysing_until is not None:
            return
        self.state.ending = True
        if self.phase is Phase.LISTENING:
            self._analyse(at)
        elif self.phase is Phase.USER_TURN:
            self._force_final(at)

    def _analyse(self, at: float) -> None:
        self._settling.settle()
        self.state.ending = False
        self.state.analysing_until = at + self.limits.analysis_s
        self._emit(do.Analyze(self.state.items.utterances, self.state.variant))

    def _finish_analysis(self, notice: Notice) -> None:
        if self.state.analysing_until is not None:
            self.state.analysing_until = None
            self._emit(notice)

    def _fail_analysis(self, message: str) -> None:
        self._finish_analysis(n.ErrorOccurred("analysis_failed", f"Failed to generate analysis: {message}"))

    def _expire(self, now: float) -> None:
        """What the floor waited for has not come."""
        floor = self.state.floor
        if self.state.held is not None:
            self._holding.expire(now)
        elif floor.is_answering:
            self._answering.expire(now)
        elif floor.user is UserState.SPEAKING and not self.state.hearing.flushed:
            self._force_final(now)
        elif floor.user is not UserState.QUIET and has_finished(self.state.hearing):
            self.state.timing.end_noticed = now
            self._conclude_user_turn(now)
        elif floor.user is not UserState.QUIET:
            self._emit(n.ErrorOccurred("stt_late", "I did not catch the end of that.", self.turn))
            self._conclude_deaf(now)
        else:
            self._close()
            self._emit(do.CloseSession(CloseReason.IDLE))

    def _tell_phase(self) -> None:
        """The client learns of each change of the phase or the turn."""
        state = self.state
        now = self.phase, self.turn
        if now != state.told:
            state.told = now
            self._emit(n.PhaseChanged(*now))

    def _emit(self, command: Command) -> None:
        self._out.append(command)
