"""The turn engine: told what happened and when, it answers what to do. It cannot hang.

Everything that decides whose turn it is lives in this file. Every phase but CLOSED has a deadline, so
whatever event never comes, the user hears something or the floor returns to them. User speech wins.
"""

from gateway.conversation import commands as c
from gateway.conversation import events as e
from gateway.conversation.agent import DEFAULT_LEVEL, LEVELS, Agent
from gateway.conversation.commands import CloseReason, Command
from gateway.conversation.hearing import Hearing
from gateway.conversation.history import History
from gateway.conversation.limits import Limits
from gateway.conversation.phases import LEGAL, Phase
from gateway.conversation.reply import Reply
from gateway.conversation.timing import TurnTiming

APOLOGY = "I'm sorry, I had trouble generating a response."
HEARING_APOLOGY = "I'm sorry, I can't hear you just now. Please try again in a moment."
NO_VOICE = "The reply cannot be spoken just now; here it is in writing."


class Conversation:
    """One dialogue. Pure: the same events at the same times give the same commands."""

    def __init__(
        self, agent: Agent, limits: Limits | None = None, level: str = DEFAULT_LEVEL, at: float = 0.0
    ) -> None:
        self.agent, self.level = agent, level
        self.limits = limits or Limits()
        self.history = History(self.limits.prompt_turns, self.limits.prompt_bytes)
        self.phase = Phase.LISTENING
        self.turn = 0
        self.reply: Reply | None = None
        self._hearing = Hearing()
        self._timing = TurnTiming()
        self._ending = False
        self._unanswered = False
        self._analysing_until: float | None = None
        self._out: list[Command] = []
        self._deadline: float | None = at + self.limits.idle_s

    # ------------------------------------------------------------------ the three entrances

    def receive(self, event: e.Event) -> list[Command]:
        """What to do now that this happened. Total: any event, in any phase."""
        self._out = []
        stale = isinstance(event, e.ReplyEvent) and (self.reply is None or event.turn != self.reply.turn)
        if self.phase is not Phase.CLOSED and not stale:
            self._dispatch(event)
        return self._out

    def next_deadline(self) -> float | None:
        """When to call on_deadline; None once closed."""
        times = [t for t in (self._deadline, self._analysing_until) if t is not None]
        return min(times) if times and self.phase is not Phase.CLOSED else None

    def on_deadline(self, now: float) -> list[Command]:
        """What to do now that what was awaited has not come. Early calls do nothing."""
        self._out = []
        if self.phase is Phase.CLOSED:
            return self._out
        if self._analysing_until is not None and now >= self._analysing_until:
            self._fail_analysis("it took too long; try again")
        elif self._deadline is not None and now >= self._deadline:
            self._expire(now)
        return self._out

    def _dispatch(self, event: e.Event) -> None:
        match event:
            case e.UserSpeechStarted(at, utterance):
                self._start_user_turn(at, utterance)
            case e.UserSpeechStopped(at, utterance, ended_at):
                self._stop_user_speech(at, utterance, ended_at)
            case e.TranscriptChanged(_, utterance, text):
                self._change_transcript(utterance, text)
            case e.TranscriptFinished(at, utterance, text):
                self._finish_transcript(at, utterance, text)
            case e.HearingLost(at, message, refused):
                self._lose_hearing(at, message, refused)
            case e.AudioStalled(at) | e.UserCommitted(at):
                self._end_speech(at)
            case e.TextTyped(at, text):
                self._type(at, text)
            case e.ReplyStopRequested(at):
                self._stop_reply(at)
            case e.LevelChosen(_, level):
                self._choose_level(level)
            case e.ConversationEndRequested(at):
                self._end(at)
            case e.HungUp():
                self._hang_up()
            case e.AnalysisFinished(_, report):
                self._finish_analysis(c.ShowAnalysis(report))
            case e.AnalysisFailed(_, message):
                self._fail_analysis(message)
            case e.ReplyEvent():
                assert self.reply is not None
                self._advance_reply(event, self.reply)

    def _advance_reply(self, event: e.ReplyEvent, reply: Reply) -> None:
        match event:
            case e.ReplyTextArrived(at, _, text):
                self._write(at, reply, text)
            case e.ReplyTextFinished(at):
                self._finish_text(at, reply)
            case e.ReplyTextFailed(at, _, message, failure, attempt):
                if not reply.has_left_text(attempt):
                    self._fail_text(at, reply, message, failure)
            case e.SpeechArrived(at, _, samples, words):
                self._speak(at, reply, samples, words)
            case e.SpeechFinished(at):
                self._finish_speech(at, reply)
            case e.SpeechFailed(at, _, message, failure, attempt):
                if not reply.has_left_voice(attempt):
                    self._fail_speech(at, reply, message, failure)
            case e.PlaybackAdvanced(at, _, samples):
                self._advance_playback(at, reply, samples)
            case e.PlayedOut(at):
                self._play_out(at, reply)

    # ------------------------------------------------------------------ the user's side

    def _start_user_turn(self, at: float, utterance: int) -> None:
        if self.phase in (Phase.THINKING, Phase.SPEAKING):
            self._interrupt()
        if self.phase is not Phase.USER_TURN:
            self.turn += 1
            self._hearing = Hearing()
            self._timing = TurnTiming()
            self._enter(Phase.USER_TURN)
        self._hearing.start(utterance)
        self._deadline = at + self.limits.utterance_s

    def _stop_user_speech(self, at: float, utterance: int, ended_at: float) -> None:
        if self.phase is Phase.USER_TURN and self._hearing.stop(utterance):
            self._timing.speech_ended, self._timing.end_noticed = ended_at, at
            self._deadline = at + self.limits.stt_final_s

    def _change_transcript(self, utterance: int, text: str) -> None:
        if self.phase is Phase.USER_TURN and self._hearing.change(utterance, text):
            self._emit(c.ShowTranscript(self.turn, self._hearing.text, is_final=False))

    def _finish_transcript(self, at: float, utterance: int, text: str) -> None:
        if self.phase is Phase.USER_TURN and self._hearing.finish(utterance, text) and self._hearing.complete:
            self._conclude_user_turn(at)

    def _conclude_user_turn(self, at: float) -> None:
        text = self._hearing.text
        self._hearing = Hearing()
        self._timing.understood = at
        self._emit(c.ShowTranscript(self.turn, text, is_final=True))
        if text:
            self._think(at, text)
        elif self._unanswered:
            self._ask(at, "")  # a cough took the floor before anything of the answer was heard
        else:
            self._listen(at)

    def _force_final(self, at: float) -> None:
        """The user has finished, whatever the gate thinks."""
        if self.phase is Phase.USER_TURN and not self._hearing.flushed:
            self._hearing.flushed = True
            self._deadline = at + self.limits.stt_final_s
            self._emit(c.FlushHearing())

    def _end_speech(self, at: float) -> None:
        """Nothing more comes, or the user has finished. The gate must know in every phase: it may be in the
        middle of speech of which nothing was told yet, or that no longer counts.
        """
        if self.phase is Phase.USER_TURN:
            self._force_final(at)
        else:
            self._emit(c.FlushHearing())

    def _lose_hearing(self, at: float, message: str, refused: bool) -> None:
        words = f"I cannot hear you just now: {message}"
        if refused:
            self._emit(c.ShowError("stt_refused", words, self.turn))
        else:
            self._emit(c.ShowError("stt_unavailable", words, self.turn))
        if self.phase is Phase.USER_TURN:
            self._conclude_deaf(at)

    def _conclude_deaf(self, at: float) -> None:
        """No final will come: answer what was understood so far, or say that nothing was."""
        if self._hearing.text:
            self._conclude_user_turn(at)
        else:
            self._hearing = Hearing()
            self._apologise_unheard(at)

    def _apologise_unheard(self, at: float) -> None:
        self.reply = Reply(self.turn, "", asked_at=at)
        self._enter(Phase.THINKING)
        self._emit(c.StartSpeech(self.turn))
        self._say_apology(at, self.reply, HEARING_APOLOGY)

    def _type(self, at: float, text: str) -> None:
        if not text.strip():
            return
        if self.phase in (Phase.THINKING, Phase.SPEAKING):
            self._interrupt()
        said = ""
        if self.phase is Phase.USER_TURN:
            said = self._hearing.text  # as far as it was understood: one question with what is typed
            self._emit(c.FlushHearing())
        else:
            self.turn += 1
        self._hearing = Hearing()
        self._timing = TurnTiming(understood=at)
        question = f"{said} {text.strip()}".strip()
        self._emit(c.ShowTranscript(self.turn, question, is_final=True))
        self._think(at, question)

    def _choose_level(self, level: str) -> None:
        if level in LEVELS:
            self.level = level
        else:
            self._emit(c.ShowError("invalid_level", f"Invalid level: {level}"))

    # ------------------------------------------------------------------ the reply's side

    def _think(self, at: float, text: str) -> None:
        self.history.add_user(text)
        self._unanswered = True
        self._ask(at, text)

    def _ask(self, at: float, text: str) -> None:
        """`text`: what the user said in this turn; the question may be older."""
        self.reply = Reply(self.turn, text, asked_at=at)
        self._enter(Phase.THINKING)
        prompt = self.history.prompt(self.agent.system_prompt(self.level))
        self._emit(c.StartReply(self.turn, prompt, self.level))
        self._deadline = at + self.limits.first_text_s

    def _write(self, at: float, reply: Reply, text: str) -> None:
        if reply.text_done:
            return
        text = text[: self.limits.reply_chars - len(reply.text)]
        if not reply.text:
            text = text.lstrip()
        if text:
            self._timing.first_text = self._timing.first_text or at
            reply.note_text(at, text)
            self._emit(c.ShowReplyText(reply.turn, text))
            if not reply.mute:
                self._emit(c.SpeakText(reply.turn, text))
            self._await_more(at, reply)
        if len(reply.text) >= self.limits.reply_chars:
            self._emit(c.CancelText(reply.turn))
            self._finish_text(at, reply)

    def _await_more(self, at: float, reply: Reply) -> None:
        """While nothing is heard yet: the first audio soon after the latest text, all within one bound.

        A reply that can only be read is awaited as long as it is written.
        """
        if self.phase is Phase.SPEAKING:
            self._deadline = reply.due(self.limits)
        elif reply.mute:
            self._deadline = at + self.limits.text_stall_s
        else:
            self._deadline = max(min(at + self.limits.first_audio_s, self._whole_wait(reply)), at)

    def _whole_wait(self, reply: Reply) -> float:
        return reply.asked_at + self.limits.whole_wait_s

    def _finish_text(self, at: float, reply: Reply) -> None:
        if reply.text_done:
            return
        if not reply.text.strip():
            self._apologise(at, reply)
            return
        reply.note_text_done(at)
        self._emit(c.FinishReplyText(reply.turn, reply.text))
        if reply.mute:
            self._complete(at, reply)
        else:
            self._emit(c.FinishText(reply.turn))
            self._await_more(at, reply)

    def _fail_text(self, at: float, reply: Reply, message: str, failure: e.Failure) -> None:
        """Of a reply of which nothing has come another replica is asked, once, where time is left, before
        anybody apologises.
        """
        if reply.text_done:
            return
        if (
            failure is not e.Failure.FINAL
            and not (reply.text or reply.asked_again)
            and at < self._whole_wait(reply)
        ):
            reply.asked_again, reply.first_failure = True, (failure, message)
            self._emit(c.AskAgain(reply.turn, failure is e.Failure.LATE))
            self._deadline = min(at + self.limits.first_text_s, self._whole_wait(reply))
            return
        failure, message = reply.first_failure or (failure, message)
        if failure is e.Failure.LATE:
            self._emit(c.ShowError("llm_late", "The reply took too long.", reply.turn))
        else:
            self._emit(c.ShowError("llm_failed", f"Failed to generate a response: {message}", reply.turn))
        self._emit(c.CancelText(reply.turn))
        self._finish_text(at, reply)

    def _apologise(self, at: float, reply: Reply) -> None:
        self._emit(c.CancelText(reply.turn))
        self._say_apology(at, reply, APOLOGY)

    def _say_apology(self, at: float, reply: Reply, words: str) -> None:
        reply.apologised = True
        self._unanswered = False
        reply.asked_at = at
        self._write(at, reply, words)
        self._finish_text(at, reply)

    def _speak(self, at: float, reply: Reply, samples: int, words: tuple[e.Word, ...]) -> None:
        if reply.speech_done or reply.mute or not reply.text:
            return  # sound before any words is rubbish
        reply.note_audio(at, samples, words)
        if self.phase is Phase.THINKING and samples:
            self._timing.first_audio = at
            self._enter(Phase.SPEAKING)
            self._emit(c.ReportLatencies(reply.turn, self._timing.latencies()))
        if self.phase is Phase.SPEAKING:
            self._await_more(at, reply)

    def _finish_speech(self, at: float, reply: Reply) -> None:
        if reply.speech_done:
            return
        if not reply.text_done:
            self._fail_speech(at, reply, "it ended before the text did", e.Failure.FINAL)
        elif not reply.audio_samples:
            reply.speech_done = reply.mute = True
            self._complete(at, reply)
        else:
            reply.speech_done = True
            self._await_more(at, reply)

    def _fail_speech(self, at: float, reply: Reply, message: str, failure: e.Failure) -> None:
        """What arrived is still played; the rest can only be read. Of a reply that made no sound yet another
        replica is asked, once, where time is left.
        """
        if reply.speech_done or reply.mute:
            return
        if (
            failure is not e.Failure.FINAL
            and not (reply.audio_samples or reply.spoken_again)
            and at < self._whole_wait(reply)
        ):
            reply.spoken_again = True
            self._emit(c.SpeakAgain(reply.turn, failure is e.Failure.LATE))
            if reply.text:
                self._await_more(at, reply)
            return
        self._emit(c.ShowError("tts_failed", f"{NO_VOICE} ({message})", reply.turn))
        if reply.audio_samples:
            reply.speech_done = True
            self._await_more(at, reply)
            return
        reply.mute = True
        self._emit(c.CancelSpeech(reply.turn))
        if reply.text_done:
            self._complete(at, reply)
        elif reply.text:
            self._await_more(at, reply)

    def _advance_playback(self, at: float, reply: Reply, samples: int) -> None:
        if reply.note_played(at, samples):
            self._unanswered = False
            if self.phase is Phase.SPEAKING:
                self._await_more(at, reply)

    def _play_out(self, at: float, reply: Reply) -> None:
        reply.note_played_out(at)
        if reply.speech_done:
            self._complete(at, reply)
        elif self.phase is Phase.SPEAKING:
            self._unanswered = False
            self._await_more(at, reply)

    def _complete(self, at: float, reply: Reply) -> None:
        """The turn ran to its end, such as it was."""
        if not reply.text_done:
            self._emit(c.CancelText(reply.turn))
            self._emit(c.FinishReplyText(reply.turn, reply.text))
        self._emit(c.CancelReply(reply.turn))
        self._close_turn(reply, interrupted=False)
        self._listen(at)

    def _interrupt(self) -> None:
        """The user took the floor: silence first, then everything else."""
        if self.reply is not None:
            self._emit(c.FlushPlayback(self.reply.turn))
            self._emit(c.CancelReply(self.reply.turn))
            self._close_turn(self.reply, interrupted=True)

    def _close_turn(self, reply: Reply, interrupted: bool) -> None:
        heard = reply.heard_text()
        if heard:
            self._unanswered = False
        self.history.add_reply(heard)
        self._emit(c.CompleteTurn(reply.turn, interrupted, heard, reply.audio_samples))
        self._emit(c.CommitTurn(reply.turn, reply.user_text, reply.text, heard, interrupted))
        self.reply = None

    def _stop_reply(self, at: float) -> None:
        if self.reply is not None:
            self._interrupt()
            self._listen(at)

    # ------------------------------------------------------------------ ends

    def _listen(self, at: float) -> None:
        self._unanswered = False
        self._enter(Phase.LISTENING)
        self._deadline = at + self.limits.idle_s
        if self._ending:
            self._analyse(at)

    def _hang_up(self) -> None:
        """Nothing that was said is lost: what is unfinished is committed as it stands."""
        self._interrupt()
        if self.phase is Phase.USER_TURN and self._hearing.text:
            self._emit(c.CommitTurn(self.turn, self._hearing.text, "", "", interrupted=True))
        self._enter(Phase.CLOSED)

    def _end(self, at: float) -> None:
        if self._analysing_until is not None:
            return
        self._ending = True
        if self.phase is Phase.LISTENING:
            self._analyse(at)
        elif self.phase is Phase.USER_TURN:
            self._force_final(at)

    def _analyse(self, at: float) -> None:
        self._ending = False
        self._analysing_until = at + self.limits.analysis_s
        self._emit(c.Analyze(self.history.utterances, self.level))

    def _finish_analysis(self, show: Command) -> None:
        if self._analysing_until is not None:
            self._analysing_until = None
            self._emit(show)

    def _fail_analysis(self, message: str) -> None:
        self._finish_analysis(c.ShowError("analysis_failed", f"Failed to generate analysis: {message}"))

    def _expire(self, now: float) -> None:
        match self.phase:
            case Phase.LISTENING:
                self._enter(Phase.CLOSED)
                self._emit(c.CloseSession(CloseReason.IDLE))
            case Phase.USER_TURN if self._hearing.speaking and not self._hearing.flushed:
                self._force_final(now)
            case Phase.USER_TURN:
                self._emit(c.ShowError("stt_late", "I did not catch the end of that.", self.turn))
                self._conclude_deaf(now)
            case Phase.THINKING | Phase.SPEAKING:
                assert self.reply is not None
                self._expire_reply(now, self.reply)
            case Phase.CLOSED:
                pass

    def _expire_reply(self, now: float, reply: Reply) -> None:
        if self.phase is Phase.SPEAKING and (reply.speech_done or reply.remaining_s):
            self._expire_playback(now, reply)
        elif self.phase is Phase.SPEAKING and reply.awaits_voice:
            self._emit(c.ShowError("tts_late", "The rest of the reply did not come.", reply.turn))
            self._emit(c.FlushPlayback(reply.turn))
            self._complete(now, reply)
        elif not reply.text:
            self._fail_text(now, reply, "", e.Failure.LATE)
        elif self.phase is Phase.SPEAKING or reply.mute:
            self._emit(c.ShowError("llm_late", "The rest of the reply did not come.", reply.turn))
            self._emit(c.CancelText(reply.turn))
            self._finish_text(now, reply)
        else:
            self._fail_speech(now, reply, "it took too long", e.Failure.LATE)

    def _expire_playback(self, now: float, reply: Reply) -> None:
        """The client does not play what it has: what is not known to have been heard was not."""
        until = reply.audible_until + self.limits.playback_stall_s
        if now < until:
            self._deadline = until
        else:
            self._interrupt()
            self._listen(now)

    def _enter(self, phase: Phase) -> None:
        assert phase in LEGAL[self.phase], f"{self.phase} to {phase}"
        self.phase = phase
        if phase is not Phase.CLOSED:
            self._emit(c.ShowState(phase, self.turn))

    def _emit(self, command: Command) -> None:
        self._out.append(command)
