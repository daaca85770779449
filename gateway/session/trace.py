"""The traces of a session, one for each turn, told by the same events and commands that make the turn.

It watches and decides nothing: whatever comes, in whatever order, a turn has one root and every span of it
ends, at the latest when the session does. Spans carry numbers, ids and codes, never a word of anybody's.
"""

from collections.abc import Callable

from chassis import tracing
from chassis.logs import bind, unbind
from chassis.tracing import NOTHING, Span
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command
from gateway.conversation.floor import Phase

LLM, TTS, PLAYOUT, END_OF_TURN, STT_FINAL = "llm", "tts", "playout", "end_of_turn", "stt_final"
FAULTY = {"stt": STT_FINAL, "llm": LLM, "tts": TTS}


class TurnTrace:
    """The spans of one turn: its root and those of its stages that are under way."""

    def __init__(self, turn: int, root: Span) -> None:
        self.turn, self.root = turn, root
        self.reply = 0
        """The one that answers it; 0: none yet."""
        self.answering = False
        self.error = ""
        self._stages: dict[str, Span] = {}
        self._seen: set[tuple[str, str]] = set()

    def is_concerned(self, command: Command) -> bool:
        """Whether it is of this turn or its reply."""
        if getattr(command, "turn", 0) == self.turn:
            return True
        return bool(self.reply) and getattr(command, "reply", 0) == self.reply

    def begin(self, stage: str, ago_s: float = 0.0) -> None:
        self.end(stage)
        self._stages[stage] = tracing.begin(stage, self.root.traceparent, ago_s=ago_s)

    def record(self, stage: str, ago_s: float, until_s: float) -> None:
        """A stage that is over: how long ago it began and ended."""
        tracing.begin(stage, self.root.traceparent, ago_s=ago_s).end(ago_s=until_s)

    def first(self, stage: str, event: str) -> None:
        """Something happened for the first time in a stage; later times do not count."""
        if (stage, event) not in self._seen:
            self._seen.add((stage, event))
            self.stage(stage).event(event)

    def stage(self, name: str) -> Span:
        return self._stages.get(name, NOTHING)

    def end(self, stage: str, fault: str = "") -> None:
        span = self._stages.pop(stage, NOTHING)
        if fault:
            span.fail(fault)
        span.end()

    def note_error(self, code: str) -> None:
        """The user was told; the code begins with the service at fault."""
        self.error = self.error or code
        self.root.event("error", code=code)
        if stage := FAULTY.get(code.partition("_")[0]):
            self.end(stage, code)

    def finish(self, outcome: str) -> None:
        """The turn is over; what is under way was cut short."""
        for name in list(self._stages):
            if name != PLAYOUT or outcome != "completed":
                self._stages[name].set(cancelled=True)
            self.end(name)
        self.root.set(outcome=self.error if self.error and outcome == "completed" else outcome)
        if self.error:
            self.root.fail(self.error)
        self.root.end()


class SessionTrace:
    """`tell` says which span causes an utterance, to whoever hears it.

    `notice` is called with each event once the conversation has received it, then `follow` with each command
    before it is carried out. While tracing is off both return at once.
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
        self._event: e.Event | None = None

    def traceparent(self, turn: int, stage: str) -> str:
        """For what this stage causes in other processes; "" while nobody traces."""
        of = self._turn
        return of.stage(stage).traceparent if of is not None and of.turn == turn else ""

    def close(self) -> None:
        """The session is over."""
        self._finish("hung_up")
        unbind("trace_id")
        self._on = False

    def notice(self, event: e.Event | None) -> None:
        """None: a deadline passed."""
        if not self._on:
            return
        self._event, turn = event, self._turn
        if turn is None:
            unbind("trace_id")
        elif isinstance(event, e.ReplyEvent):
            if event.reply == turn.reply:
                self._notice_reply(event, turn)
        elif not turn.answering:
            self._notice_user(event, turn)

    def _notice_user(self, event: e.Event | None, turn: TurnTrace) -> None:
        match event:
            case e.UserSpeechStarted(_, utterance):
                self._tell_cause(utterance, turn)
            case e.UserSpeechStopped(at, _, ended_at):
                now = self._now()
                turn.record(END_OF_TURN, now - ended_at, now - at)
                turn.begin(STT_FINAL, ago_s=now - at)
            case e.TranscriptFinished():
                turn.end(STT_FINAL)
            case _:
                pass

    def _notice_reply(self, event: e.ReplyEvent, turn: TurnTrace) -> None:
        match event:
            case e.ReplyTextArrived():
                turn.first(LLM, "first_token")
            case e.ReplyTextFinished():
                turn.end(LLM)
            case e.SpeechArrived():
                turn.first(TTS, "first_audio")
            case e.SpeechFinished():
                turn.end(TTS)
            case _:
                pass

    def follow(self, command: Command) -> None:
        if not self._on:
            return
        if isinstance(command, n.PhaseChanged):
            self._change_phase(command.phase, command.turn)
        elif (turn := self._turn) is not None and turn.is_concerned(command):
            self._follow_turn(command, turn)

    def _change_phase(self, phase: Phase, number: int) -> None:
        match phase:
            case Phase.USER_TURN | Phase.THINKING:
                turn = self._turn
                if turn is None or turn.turn != number:
                    turn = self._open(number)
                if phase is Phase.USER_TURN and isinstance(self._event, e.UserSpeechStarted):
                    self._tell_cause(self._event.utterance, turn)
                turn.answering = phase is Phase.THINKING
                if turn.answering:
                    turn.end(STT_FINAL)
            case Phase.LISTENING:
                self._finish("nothing_heard")
            case _:
                pass

    def _follow_turn(self, command: Command, turn: TurnTrace) -> None:
        match command:
            case do.StartReply(reply):
                turn.reply = reply
                turn.begin(LLM)
                turn.begin(TTS)
            case do.StartSpeech(reply):
                turn.reply = reply
                turn.begin(TTS)
            case do.AskAgain():
                turn.stage(LLM).event("asked_again")
            case do.SpeakAgain():
                turn.stage(TTS).event("asked_again")
            case do.SpeakText():
                turn.first(TTS, "first_text")
            case n.ReplyTextEnded():
                turn.end(LLM)
            case do.CancelText():
                turn.stage(LLM).set(cancelled=True)
                turn.end(LLM)
            case n.LatenciesMeasured(latencies=latencies):
                turn.root.set(**in_ms(latencies))
                turn.begin(PLAYOUT)
            case do.StopPlayback():
                self._note_interruption(turn)
            case n.ErrorOccurred(code, _, _):
                turn.note_error(code)
            case n.TurnCompleted(interrupted=interrupted) | do.CommitTurn(interrupted=interrupted):
                self._finish(self._interrupted() if interrupted else "completed")
            case _:
                pass

    def _note_interruption(self, turn: TurnTrace) -> None:
        match self._event:
            case e.UserSpeechStarted():
                turn.root.event("barge_in", by="speech")
            case e.TextTyped():
                turn.root.event("barge_in", by="text")
            case e.ReplyStopRequested():
                turn.root.event("barge_in", by="stop")
            case _:
                pass

    def _interrupted(self) -> str:
        return "hung_up" if isinstance(self._event, e.HungUp) else "interrupted"

    def _open(self, number: int) -> TurnTrace:
        self._finish("nothing_heard")
        root = tracing.begin_trace("turn", turn=number, **self._labels)
        turn = self._turn = TurnTrace(number, root)
        unbind("trace_id")
        bind(**root.log_fields)
        return turn

    def _finish(self, outcome: str) -> None:
        """The log lines keep its id until what comes next: the last are still to be written, in this task."""
        if self._turn is not None:
            self._turn.finish(outcome)
            bind(**self._turn.root.log_fields)
            self._turn = None

    def _tell_cause(self, utterance: int, turn: TurnTrace) -> None:
        if cause := turn.root.traceparent:
            self._tell(utterance, cause)


def in_ms(latencies: n.Latencies) -> dict[str, float | None]:
    """The latencies that are, as a span has them."""
    seconds = {
        "end_of_turn_ms": latencies.end_of_turn_s,
        "stt_final_ms": latencies.stt_final_s,
        "llm_first_token_ms": latencies.llm_first_token_s,
        "tts_first_audio_ms": latencies.tts_first_audio_s,
        "voice_to_voice_ms": latencies.voice_to_voice_s,
    }
    return {name: None if value is None else round(value * 1000, 1) for name, value in seconds.items()}
