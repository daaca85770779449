"""Carries out what the conversation commands: lanes, playback, memory. Decides nothing."""

import asyncio
from collections.abc import Callable

from chassis.faults import Fault
from chassis.logs import bound, get_logger
from chassis.tracing import begin_trace
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation.agent import Agent
from gateway.conversation.effects import Effect
from gateway.memory.entries import TranscriptEntry
from gateway.session import metrics
from gateway.session.ear import Ear
from gateway.session.playout import Playout
from gateway.session.reply_run import ReplyRun
from gateway.session.surroundings import Surroundings
from gateway.session.trace import SessionTrace
from gateway.transports.wire import Wire

log = get_logger(__name__)
Steering = (
    do.AskAgain
    | do.SpeakAgain
    | do.SpeakText
    | do.FinishText
    | do.CancelText
    | do.CancelSpeech
    | do.CancelReply
)
"""What a reply under way is told."""


class Effects:
    """One session's. `carry_out` never waits: what takes time runs in `group`."""

    def __init__(
        self,
        session: str,
        agent: Agent,
        language: str,
        around: Surroundings,
        ear: Ear,
        playout: Playout,
        wire: Wire,
        trace: SessionTrace,
        post: Callable[[e.Event], None],
        now: Callable[[], float],
    ) -> None:
        self._session, self._agent, self._language, self._around = session, agent, language, around
        self._trace = trace
        self._ear, self._playout, self._wire = ear, playout, wire
        self._post, self._now = post, now
        self._reply: ReplyRun | None = None
        self._draft: ReplyRun | None = None
        """Of a reply that may not be wanted."""
        self._home = ""
        self._last_turn = 0

    def carry_out(self, effect: Effect, group: asyncio.TaskGroup) -> None:
        match effect:
            case do.StopPlayback(reply):
                self._playout.flush(reply)
                self._playout.note_dropped(self._wire.clear(reply))
                self._wire.hold(False)
            case do.HoldPlayback(reply):
                self._playout.hold(reply)
                self._wire.hold(True)
            case do.ResumePlayback(reply):
                self._wire.hold(False)
                self._playout.resume(reply)
            case do.StartReply(reply, turn, messages, variant):
                run, (llm, tts) = self._start(reply, turn), self._trace.causes()
                run.start_text(group, messages, variant, llm)
                run.start_speech(group, tts)
            case do.StartDraft(reply, turn, messages, variant):
                self._draft = self._make(reply, turn)
                self._draft.start_text(group, messages, variant, self._trace.causes()[0])
            case do.UseDraft(reply):
                self._use_draft(reply, group)
            case do.DropDraft(_, failed):
                self._drop_draft(failed)
            case do.StartSpeech(reply, turn):
                self._start(reply, turn).start_speech(group, self._trace.causes()[1])
            case do.FlushHearing():
                self._ear.flush()
            case do.CommitTurn():
                self.commit(effect)
            case do.Analyze(utterances, variant):
                group.create_task(self._analyze(utterances, variant))
            case do.RecordTurn() | do.CloseSession():
                pass  # the trace and the session do that themselves
            case _:
                if (alive := self._reply) is not None and alive.id == effect.reply:
                    self._steer(alive, effect, group)

    def end(self) -> None:
        """Free every lane."""
        self._drop_draft()
        if self._reply is not None:
            self._home = self._reply.home
            self._reply.cancel()
            self._reply = None

    def _start(self, reply: int, turn: int) -> ReplyRun:
        self.end()
        self._reply = self._make(reply, turn)
        return self._reply

    def _use_draft(self, reply: int, group: asyncio.TaskGroup) -> None:
        draft, self._draft = self._draft, None
        if draft is not None and draft.id == reply:
            metrics.DRAFTS.labels("used").inc()
            self.end()
            self._reply = draft
            draft.start_speech(group, self._trace.causes()[1])

    def _drop_draft(self, failed: bool = False) -> None:
        """The replica that failed it is nobody's home."""
        if self._draft is not None:
            metrics.DRAFTS.labels("dropped").inc()
            self._home = "" if failed else self._draft.home
            self._draft.cancel()
            self._draft = None

    def _make(self, reply: int, turn: int) -> ReplyRun:
        return ReplyRun(
            reply,
            turn,
            self._session,
            self._agent,
            self._language,
            self._around.links,
            self._playout,
            self._post,
            self._now,
            self._home,
        )

    def _steer(self, run: ReplyRun, effect: Steering, group: asyncio.TaskGroup) -> None:
        match effect:
            case do.AskAgain(_, late):
                metrics.TRIED_AGAIN.labels("llm").inc()
                run.ask_again(group, late)
            case do.SpeakAgain(_, late):
                metrics.TRIED_AGAIN.labels("tts").inc()
                run.speak_again(group, late)
            case do.SpeakText(_, text):
                run.speak(text)
            case do.FinishText():
                run.finish_text()
            case do.CancelText():
                run.cancel_text()
            case do.CancelSpeech():
                run.cancel_speech()
            case do.CancelReply():
                self.end()

    def commit(self, turn: do.CommitTurn) -> None:
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

    async def _analyze(self, utterances: tuple[str, ...], variant: str) -> None:
        with begin_trace("analysis", session=self._session) as span, bound(**span.log_fields):
            try:
                report = await self._around.links.analysis.analyze(
                    self._session, self._last_turn, utterances, variant, span.traceparent
                )
            except Fault as fault:
                span.fail(type(fault).__name__)
                self._post(e.AnalysisFailed(self._now(), str(fault)))
            else:
                self._post(e.AnalysisFinished(self._now(), report))
