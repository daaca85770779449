"""Carries out what the conversation commands: lanes, playback, memory, messages. Decides nothing."""

import asyncio
from collections.abc import Callable

from chassis.faults import Fault
from chassis.logs import bound, get_logger
from chassis.tracing import begin_trace
from gateway.conversation import commands as c
from gateway.conversation import events as e
from gateway.conversation.commands import Command
from gateway.dialects.dialect import Outbound
from gateway.memory.entries import TranscriptEntry
from gateway.session import metrics
from gateway.session.ear import Ear
from gateway.session.figures import Figures
from gateway.session.outbox import Outbox
from gateway.session.playout import Playout
from gateway.session.reply_run import ReplyRun
from gateway.session.surroundings import Surroundings
from gateway.session.trace import LLM, TTS, SessionTrace

log = get_logger(__name__)


class Effects:
    """One session's. `carry_out` never waits: what takes time runs in `group`."""

    def __init__(
        self,
        session: str,
        language: str,
        around: Surroundings,
        ear: Ear,
        playout: Playout,
        outbox: Outbox,
        figures: Figures,
        trace: SessionTrace,
        send: Callable[[Outbound], None],
        post: Callable[[e.Event], None],
        now: Callable[[], float],
    ) -> None:
        self._session, self._language, self._around = session, language, around
        self._figures, self._trace = figures, trace
        self._ear, self._playout, self._outbox = ear, playout, outbox
        self._send, self._post, self._now = send, post, now
        self._reply: ReplyRun | None = None
        self._home = ""
        self._last_turn = 0

    def carry_out(self, command: Command, group: asyncio.TaskGroup) -> None:
        """Shown to the client as its dialect has it, and done."""
        match command:
            case c.FlushPlayback(turn):
                self._playout.flush(turn)
                self._playout.note_dropped(self._outbox.drop_audio(turn))
            case c.StartReply(turn, messages, level):
                run = self._start(turn)
                run.start_text(group, messages, level, self._trace.traceparent(turn, LLM))
                run.start_speech(group, self._trace.traceparent(turn, TTS))
            case c.StartSpeech(turn):
                self._start(turn).start_speech(group, self._trace.traceparent(turn, TTS))
            case c.AskAgain() | c.SpeakAgain():
                self._try_again(command, group)
            case c.SpeakText() | c.FinishText() | c.CancelText() | c.CancelSpeech() | c.CancelReply():
                self._steer(command)
            case c.FlushHearing():
                self._ear.flush()
            case c.CommitTurn():
                self.commit(command)
            case c.Analyze(utterances, level):
                group.create_task(self._analyze(utterances, level))
            case c.ReportLatencies(turn, latencies):
                self._figures.note_latencies(turn, latencies)
            case c.ShowError(code, _, turn):
                self._figures.note_error(code)
                log.info("error shown", code=code, turn=turn)
            case _:
                pass
        self._send(command)

    def end(self) -> None:
        """Free every lane."""
        if self._reply is not None:
            self._home = self._reply.home
            self._reply.cancel()
            self._reply = None

    def _start(self, turn: int) -> ReplyRun:
        self.end()
        self._reply = ReplyRun(
            turn,
            self._session,
            self._around.agent,
            self._language,
            self._around.links,
            self._playout,
            self._post,
            self._now,
            self._home,
        )
        return self._reply

    def _try_again(self, command: c.AskAgain | c.SpeakAgain, group: asyncio.TaskGroup) -> None:
        reply = self._reply
        if reply is None or reply.turn != command.turn:
            return
        metrics.TRIED_AGAIN.labels("llm" if isinstance(command, c.AskAgain) else "tts").inc()
        if isinstance(command, c.AskAgain):
            reply.ask_again(group, command.late)
        else:
            reply.speak_again(group, command.late)

    def _steer(
        self, command: c.SpeakText | c.FinishText | c.CancelText | c.CancelSpeech | c.CancelReply
    ) -> None:
        reply = self._reply
        if reply is None or reply.turn != command.turn:
            return
        match command:
            case c.SpeakText(_, text):
                reply.speak(text)
            case c.FinishText():
                reply.finish_text()
            case c.CancelText():
                reply.cancel_text()
            case c.CancelSpeech():
                reply.cancel_speech()
            case c.CancelReply():
                self.end()

    def commit(self, turn: c.CommitTurn) -> None:
        metrics.TURNS.labels("interrupted" if turn.interrupted else "completed").inc()
        log.info("turn", turn=turn.turn, interrupted=turn.interrupted, heard_chars=len(turn.heard_text))
        self._last_turn = max(self._last_turn, turn.turn)
        self._around.memory.remember(
            TranscriptEntry(
                session=self._session,
                turn=turn.turn,
                user_text=turn.user_text,
                reply_text=turn.reply_text,
                heard_text=turn.heard_text,
                interrupted=turn.interrupted,
            )
        )

    async def _analyze(self, utterances: tuple[str, ...], level: str) -> None:
        with begin_trace("analysis", session=self._session) as span, bound(**span.log_fields):
            try:
                report = await self._around.links.analysis.analyze(
                    self._session, self._last_turn, utterances, level, span.traceparent
                )
            except Fault as fault:
                span.fail(type(fault).__name__)
                self._post(e.AnalysisFailed(self._now(), str(fault)))
            else:
                self._post(e.AnalysisFinished(self._now(), report))
