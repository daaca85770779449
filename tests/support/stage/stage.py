"""One user with a microphone and a loudspeaker, one conversation: what is said, held, stopped and played.

Time is the loop's, and virtual: the same sounds give the same conversation.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command, Conversation
from protos.sound import HEARD_RATE, SPOKEN_RATE
from stt_service.engines.moonshine_model import MoonshineWeights
from tests.support.stage.cast import Line, Samples, Spoken, spoken
from tests.support.stage.hearing import listening, weights
from tests.support.stage.loudspeaker import FRAME_S, Loudspeaker
from tests.support.stage.sound import Sound
from tests.support.virtual_time import run_virtual

HEARD_FRAME = round(FRAME_S * HEARD_RATE)
REPORT_FRAMES = 5
"""The client says every tenth of a second how much it has played."""
FIRST_TEXT_S, FIRST_AUDIO_S = 0.2, 0.3
"""After its question."""
MOST_S = 120.0


@dataclass(frozen=True)
class Cue:
    """The user makes this sound so long after a reply began to be heard; `reply` 0: after all began."""

    after_s: float
    sound: Samples
    reply: int = 1


@dataclass(frozen=True)
class Part:
    """What the user does: `asks` in writing at the beginning, or does not; `echo_db`: how loud the
    loudspeaker is in the microphone; `stays_s`: after the last sound.
    """

    cues: Sequence[Cue]
    asks: bool = True
    echo_db: float = -inf
    stays_s: float = 2.5


@dataclass
class Performance:
    """What happened, with the time of each command. `played`: by reply, what the user heard of it."""

    commands: list[tuple[float, Command]] = field(default_factory=list)
    played: dict[int, bytes] = field(default_factory=dict)
    sounded_at: dict[int, float] = field(default_factory=dict)

    @property
    def stops(self) -> int:
        return sum(isinstance(command, do.StopPlayback) for _, command in self.commands)

    @property
    def holds(self) -> int:
        return sum(isinstance(command, do.HoldPlayback) for _, command in self.commands)

    @property
    def questions(self) -> list[str]:
        """What each reply was the answer to."""
        return [c.messages[-1].content for _, c in self.commands if isinstance(c, do.StartReply)]

    def told(self) -> str:
        """What matters of it, for people."""
        shown = (do.HoldPlayback, do.ResumePlayback, do.StopPlayback, n.BackchannelHeard, n.Transcribed)
        return "; ".join(
            f"{at:.2f} {type(command).__name__}{_words(command)}"
            for at, command in self.commands
            if isinstance(command, shown)
        )


def _words(command: Command) -> str:
    return f" {command.text!r}" if isinstance(command, (n.BackchannelHeard, n.Transcribed)) else ""


class _Stage:
    def __init__(self, reply: Spoken, text: str, part: Part) -> None:
        self._loop = asyncio.get_running_loop()
        self._spoken, self._text, self._part = reply, text, part
        self._conversation = Conversation([TUTOR], at=self.now())
        self._loudspeaker = Loudspeaker()
        self._timers = [self._loop.call_later(0, lambda: None)]
        """The first: what the conversation waits for."""
        self._flush: Callable[[], None] = lambda: None
        self._told_out = 0
        self._heard_reply = reply.heard()
        self.shown = Performance(played=self._loudspeaker.played)

    def now(self) -> float:
        return self._loop.time()

    # ------------------------------------------------------------------ the conversation

    def post(self, event: e.Event) -> None:
        self._carry_out(self._conversation.receive(event))

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self.shown.commands.append((self.now(), command))
            match command:
                case do.StartReply(reply):
                    self._timers += [
                        self._loop.call_later(FIRST_TEXT_S, self._write, reply),
                        self._loop.call_later(FIRST_AUDIO_S, self._speak, reply),
                    ]
                case do.HoldPlayback():
                    self._loudspeaker.hold(self.now())
                case do.ResumePlayback():
                    self._loudspeaker.resume(self.now())
                case do.StopPlayback():
                    self._loudspeaker.stop()
                case do.FlushHearing():
                    self._flush()
                case _:
                    pass
        self._set_deadline()

    def _set_deadline(self) -> None:
        self._timers[0].cancel()
        due = self._conversation.next_deadline()
        if due is not None:
            self._timers[0] = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        self._carry_out(self._conversation.on_deadline(self.now()))

    def _is_alive(self, reply: int) -> bool:
        alive = self._conversation.state.reply
        return alive is not None and alive.id == reply

    def _write(self, reply: int) -> None:
        self.post(e.ReplyTextArrived(self.now(), reply, self._text))
        self.post(e.ReplyTextFinished(self.now(), reply))

    def _speak(self, reply: int) -> None:
        if not self._is_alive(reply):
            return
        words = tuple(e.Word(word.text, word.start_sample) for word in self._spoken.words)
        self._loudspeaker.begin(reply, self._spoken.pcm)
        self.shown.sounded_at[reply] = self.now()
        self.post(e.SpeechArrived(self.now(), reply, len(self._spoken.pcm) // 2, words))
        self.post(e.SpeechFinished(self.now(), reply))

    # ------------------------------------------------------------------ the user

    async def play(self, model: MoonshineWeights) -> None:
        sound, waiting = Sound(HEARD_FRAME, self._part.echo_db), list(self._part.cues)
        async with listening(model, self.post, self.now) as (ear, microphone):
            self._flush = ear.flush
            if self._part.asks:
                self.post(e.TextTyped(self.now(), "Please tell me about it."))
            begun = over_at = self.now()
            frames = 0
            while self.now() < min(over_at + self._part.stays_s, MOST_S):
                for cue in [cue for cue in waiting if self._is_due(cue, begun)]:
                    waiting.remove(cue)
                    sound.begin(cue.sound)
                pcm = sound.take(self._hear_loudspeaker(frames))
                microphone.heard(HEARD_FRAME, self.now())
                ear.hear(pcm)
                if waiting or not sound.is_over:
                    over_at = self.now()
                frames += 1
                await asyncio.sleep(begun + frames * FRAME_S - self.now())
        for timer in self._timers:
            timer.cancel()

    def _is_due(self, cue: Cue, begun: float) -> bool:
        since = self.shown.sounded_at.get(cue.reply) if cue.reply else begun
        return since is not None and self.now() >= since + cue.after_s

    def _hear_loudspeaker(self, frames: int) -> Samples:
        """A frame of it, at the microphone's rate."""
        at = self._loudspeaker.samples * HEARD_RATE // SPOKEN_RATE
        played = self._loudspeaker.play(self.now())
        reply = self._loudspeaker.reply
        if reply and (frames % REPORT_FRAMES == 0 or self._loudspeaker.has_ended):
            self.post(e.PlaybackAdvanced(self.now(), reply, self._loudspeaker.samples))
        if reply and self._loudspeaker.has_ended and self._told_out != reply:
            self._told_out = reply
            self.post(e.PlayedOut(self.now(), reply))
        return self._heard_reply[at : at + len(played) // 2 * HEARD_RATE // SPOKEN_RATE]


def perform(reply: Line, part: Part) -> Performance:
    """Every reply is this line."""
    said, model = spoken(reply), weights()

    async def main() -> Performance:
        stage = _Stage(said, reply.text, part)
        await stage.play(model)
        return stage.shown

    return run_virtual(main())
