"""A caller who acts out a script, and the conversation that answers; time is the loop's, and virtual.

The caller is the one who rehearses running clusters; the mind and the voice answer at fixed times. The same
sounds give the same call; voices do not speak quite alike in every process.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from cli.rehearsal.calling import REPORT_FRAMES
from cli.rehearsal.judge import Call
from cli.rehearsal.line import Line
from cli.rehearsal.player import FRAME_BYTES, Player
from cli.rehearsal.script import Script
from gateway.audio.pacer import Pacer
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command, Conversation
from protos.sound import HEARD_RATE, SPOKEN_RATE
from stt_service.tuning import EndOfTurn
from tests.support.stage.hearing import Models, listening, models
from tests.support.stage.replies import Reply, reply
from tests.support.virtual_time import run_virtual

FRAME_S = 0.02
FIRST_TEXT_S, FIRST_AUDIO_S = 0.2, 0.3
"""After its question."""
FRAME_MS, LEAD_S = 20, 0.3
ROOM_DB, ROOM_S = -66, 4
"""No room is silent."""


@dataclass(eq=False)
class Performance:
    """`call`: both sides of it as they sounded. `commands`: what the conversation did, and when."""

    call: Call
    commands: list[tuple[float, Command]] = field(default_factory=list)

    def __str__(self) -> str:
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
    def __init__(self, script: Script, answer: Reply) -> None:
        self._loop = asyncio.get_running_loop()
        self._answer, self._line, self._player = answer, Line(script), Player()
        self._conversation = Conversation([TUTOR], at=self.now())
        self._pacer = Pacer(HEARD_RATE, FRAME_MS * HEARD_RATE // 1000, LEAD_S)
        self._sounding = 0
        """The reply that is sent; 0: none."""
        self._flush: Callable[[], None] = lambda: None
        self._timers = [self._loop.call_later(0, lambda: None)]
        """The first: what the conversation waits for."""
        self._commands: list[tuple[float, Command]] = []

    def now(self) -> float:
        return self._loop.time()

    # ------------------------------------------------------------------ the conversation

    def post(self, event: e.Event) -> None:
        self._carry_out(self._conversation.receive(event))

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            self._commands.append((self.now(), command))
            match command:
                case do.StartReply(id):
                    self._timers.append(self._loop.call_later(FIRST_TEXT_S, self._write, id))
                    self._timers.append(self._loop.call_later(FIRST_AUDIO_S, self._speak, id))
                case do.StartDraft(id):
                    self._timers.append(self._loop.call_later(FIRST_TEXT_S, self._write, id))
                case do.UseDraft(id):
                    self._timers.append(self._loop.call_later(FIRST_AUDIO_S, self._speak, id))
                case do.HoldPlayback():
                    self._player.hold()
                    self._report()
                    self._pacer.hold(self.now())
                case do.ResumePlayback():
                    self._pacer.resume(self.now(), cleared=False)
                    self._player.resume()
                case do.StopPlayback():
                    self._report()
                    self._pacer.flush()
                    self._player.flush()
                    self._sounding = 0
                case do.FlushHearing():
                    self._flush()
                case _:
                    pass
        self._timers[0].cancel()
        due = self._conversation.next_deadline()
        if due is not None:
            self._timers[0] = self._loop.call_at(due, self._expire)

    def _expire(self) -> None:
        self._carry_out(self._conversation.on_deadline(self.now()))

    def _write(self, id: int) -> None:
        self.post(e.ReplyTextArrived(self.now(), id, self._answer.text))
        self.post(e.ReplyTextFinished(self.now(), id))

    def _speak(self, id: int) -> None:
        """All of it at once: an engine is quicker than its voice."""
        alive = self._conversation.state.reply
        if alive is None or alive.id != id:
            return
        self._sounding = id
        self._pacer.begin()
        self._pacer.push(self._answer.pcm)
        self._pacer.finish()
        self._player.begin(id)
        self.post(e.SpeechArrived(self.now(), id, self._answer.samples, self._answer.words))
        self.post(e.SpeechFinished(self.now(), id))

    # ------------------------------------------------------------------ the caller

    async def play(self, heard_by: Models) -> Performance:
        room, frames = _room(), 0
        async with listening(heard_by, self.post, self.now) as (ear, microphone):
            self._flush = ear.flush
            while not self._line.is_over:
                self._send()
                heard = self._player.fill()
                frame, typed = self._line.next(heard)
                microphone.heard(len(frame) // 2, self.now())
                ear.hear(_add(frame, room[frames % len(room)]))
                for text in typed:
                    self.post(e.TextTyped(self.now(), text))
                if heard.reply and frames % REPORT_FRAMES == 0:
                    self._report()
                frames += 1
                await asyncio.sleep(frames * FRAME_S - self.now())
        for timer in self._timers:
            timer.cancel()
        return Performance(Call.of(self._line, self._player), self._commands)

    def _send(self) -> None:
        """What is due of the reply, and what has become of it."""
        while pcm := self._pacer.take(self.now()):
            self._player.push(pcm)
            if self._pacer.finished:
                self._player.end(len(self._answer.pcm) / 2 * 1000 / HEARD_RATE)
        if self._sounding and self._pacer.played_out(self.now()):
            id, self._sounding = self._sounding, 0
            self.post(e.PlayedOut(self.now(), id))

    def _report(self) -> None:
        """How much of it the caller's loudspeaker has played."""
        played = round(self._player.played_ms * HEARD_RATE / 1000)
        if self._sounding and played:
            self._pacer.report(played, self.now())
            samples = played * SPOKEN_RATE // HEARD_RATE
            self.post(e.PlaybackAdvanced(self.now(), self._sounding, samples))


def _room() -> list[np.ndarray[tuple[int], np.dtype[np.int16]]]:
    dice = np.random.default_rng(1)
    level = 32768 * 10 ** (ROOM_DB / 20)
    noise = (dice.standard_normal(ROOM_S * HEARD_RATE) * level).astype("<i2")
    return list(noise.reshape(-1, FRAME_BYTES // 2))


def _add(frame: bytes, noise: np.ndarray[tuple[int], np.dtype[np.int16]]) -> bytes:
    mixed = np.frombuffer(frame, "<i2").astype(np.int32) + noise
    return bytes(np.clip(mixed, -32768, 32767).astype("<i2").tobytes())


def act(script: Script, end_of_turn: EndOfTurn = "silence") -> Performance:
    """The same reply answers whatever the caller says. Never call it on a loop."""
    answer, heard_by = reply(), models(end_of_turn)

    async def main() -> Performance:
        return await _Stage(script, answer).play(heard_by)

    return run_virtual(main())
