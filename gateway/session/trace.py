"""The traces of a session, one for each turn: written when the turn is over, from the marks it has left.

Only what other processes and log lines must name is begun before: the turn itself, and with a reply its `llm`
and `tts`. Spans carry numbers, ids and codes, never a word of anybody's.
"""

from collections.abc import Callable
from dataclasses import asdict

from chassis import tracing
from chassis.logs import bind, unbind
from chassis.tracing import NOTHING, Span
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command
from gateway.conversation.effects import USERS_CUTS, Ending
from gateway.conversation.timing import TurnTiming

LLM, TTS, PLAYOUT, END_OF_TURN, STT_FINAL = "llm", "tts", "playout", "end_of_turn", "stt_final"
FAULTY = {"stt": STT_FINAL, "llm": LLM, "tts": TTS}


class TurnTrace:
    """The spans of one turn. Times are seconds on the session's clock."""

    def __init__(self, turn: int, root: Span) -> None:
        self.turn, self.root = turn, root
        self.llm = self.tts = NOTHING
        self.is_answered = False
        self._error = ""
        self._failed: dict[str, tuple[str, float]] = {}
        """Of each stage that failed: the code, and when."""

    def follow(self, command: Command, now: float) -> None:
        match command:
            case do.StartReply() | do.StartSpeech():
                self.is_answered = True
                if isinstance(command, do.StartReply):
                    self.llm = tracing.begin(LLM, self.root.traceparent)
                self.tts = tracing.begin(TTS, self.root.traceparent)
            case do.StartDraft():
                self.llm = tracing.begin(LLM, self.root.traceparent)
            case do.DropDraft() | n.ReplyWithdrawn():
                self._forget_reply()
            case do.UseDraft():
                self.is_answered = True
                self.tts = tracing.begin(TTS, self.root.traceparent)
            case do.AskAgain():
                self.llm.event("asked_again")
            case do.SpeakAgain():
                self.tts.event("asked_again")
            case do.CancelText() if LLM not in self._failed:
                self.llm.set(cancelled=True)
            case n.ErrorOccurred(code, _, turn) if turn == self.turn:
                self._note_error(code, now)
            case _:
                pass

    def _forget_reply(self) -> None:
        """Nobody wants it; the turn goes on without."""
        for span in (self.llm, self.tts):
            span.set(cancelled=True)
            span.end()
        self.llm = self.tts = NOTHING
        self.is_answered = False

    def _note_error(self, code: str, now: float) -> None:
        """The user was told; the code begins with the service at fault."""
        self._error = self._error or code
        self.root.event("error", code=code)
        stage = FAULTY.get(code.partition("_")[0])
        if stage is not None and not (stage == STT_FINAL and self.is_answered):
            self._failed.setdefault(stage, (code, now))

    def write(self, ending: Ending, timing: TurnTiming, now: float) -> None:
        """The turn is over; what has not ended was cut short."""
        is_whole = ending is Ending.COMPLETED
        self._record(END_OF_TURN, timing.speech_ended, timing.end_noticed, now)
        self._record(STT_FINAL, timing.end_noticed, timing.understood, now)
        self._end(LLM, self.llm, timing.text_ended, now, first_token=timing.first_token)
        first = {"first_text": timing.first_text, "first_audio": timing.first_audio}
        self._end(TTS, self.tts, timing.audio_ended, now, **first)
        self._record(PLAYOUT, timing.first_audio, now if is_whole else None, now)
        if ending in USERS_CUTS:
            self.root.event("barge_in", by=ending.value)
        if self._error:
            self.root.fail(self._error)
        outcome = "interrupted" if ending in (*USERS_CUTS, Ending.CUT_BY_STALL) else ending.value
        self.root.set(outcome=self._error if self._error and is_whole else outcome, **in_ms(timing))
        self.root.end()

    def _record(self, stage: str, begun: float | None, ended: float | None, now: float) -> None:
        if begun is not None:
            span = tracing.begin(stage, self.root.traceparent, ago_s=now - begun)
            self._end(stage, span, ended, now)

    def _end(self, stage: str, span: Span, ended: float | None, now: float, **events: float | None) -> None:
        """`events`: when they happened; what came after the end is none of the stage's."""
        code, failed_at = self._failed.get(stage, ("", now))
        if code:
            span.fail(code)
        elif ended is None:
            span.set(cancelled=True)
        over = failed_at if ended is None else ended
        for event, at in events.items():
            if at is not None and at <= over:
                span.event(event, ago_s=now - at)
        span.end(ago_s=now - over)


class SessionTrace:
    """`tell` says which span causes an utterance, to whoever hears it.

    `follow` is called with each command before it is carried out, `note` with the event that led to them once
    they all are. While tracing is off both return at once.
    """

    def __init__(
        self,
        session: str,
        dialect: str,
        agent: str,
        tell: Callable[[int, str], None],
        now: Callable[[], float],
    ) -> None:
        self._labels = {"session": session, "dialect": dialect, "agent": agent}
        self._tell, self._now = tell, now
        self._on = tracing.is_on()
        self._turn: TurnTrace | None = None
        self._newest = self._told = 0
        self._last = NOTHING
        """The root of the turn that was over last."""

    def causes(self) -> tuple[str, str]:
        """For what `llm` and `tts` of this turn cause in other processes; "" while nobody traces."""
        turn = self._turn
        return (turn.llm.traceparent, turn.tts.traceparent) if turn is not None else ("", "")

    def follow(self, command: Command) -> None:
        if not self._on:
            return
        match command:
            case n.PhaseChanged(_, turn) if turn > self._newest:
                self._newest = turn
                self._turn = TurnTrace(turn, tracing.begin_trace("turn", turn=turn, **self._labels))
                _bind(self._turn.root)
            case do.RecordTurn(turn=turn, ending=ending, timing=timing) if turn == self._newest:
                self._finish(ending, timing)
            case do.CommitTurn():
                _bind(self._last)  # its line is written now, be the next turn under way or not
            case _ if self._turn is not None:
                self._turn.follow(command, self._now())
            case _:
                pass

    def note(self, event: e.Event | None) -> None:
        """None: a deadline passed."""
        if not self._on:
            return
        turn = self._turn
        _bind(NOTHING if turn is None else turn.root)
        if turn is None or turn.is_answered or not (cause := turn.root.traceparent):
            return
        begins = isinstance(event, e.UserSpeechStarted)
        if isinstance(event, e.UserSpeechStarted | e.TranscriptChanged) and (
            begins or turn.turn != self._told
        ):
            self._told = turn.turn  # words over a reply begin a turn that their voice did not
            self._tell(event.utterance, cause)

    def close(self) -> None:
        """The session is over."""
        self._finish(Ending.HUNG_UP, TurnTiming())
        unbind("trace_id")
        self._on = False

    def _finish(self, ending: Ending, timing: TurnTiming) -> None:
        if self._turn is not None:
            self._turn.write(ending, timing, self._now())
            self._last, self._turn = self._turn.root, None


def _bind(turn: Span) -> None:
    """Log lines of this task name its trace."""
    unbind("trace_id")
    bind(**turn.log_fields)


def in_ms(timing: TurnTiming) -> dict[str, float | None]:
    """The latencies that are, as a span has them."""
    return {
        name.removesuffix("_s") + "_ms": None if seconds is None else round(seconds * 1000, 1)
        for name, seconds in asdict(timing.latencies()).items()
    }
