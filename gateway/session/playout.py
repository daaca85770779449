"""Reply audio on its way to the client: one check of the reply, the client's rate, the pacer's clock."""

import asyncio
from collections.abc import Callable
from math import inf

from gateway.audio.pacer import Pacer
from gateway.audio.resample import Resampler
from gateway.conversation import events as e
from gateway.dialects.dialect import AudioFinished, AudioPlayed, AudioStarted, Capabilities, Outbound
from gateway.session import metrics
from gateway.session.observed import Observed
from gateway.session.wheel import Wheel
from protos.sound import SPOKEN_RATE

BACKLOG_S = 0.24
"""Audio that may wait for the pacer; the rest waits in the service, held back by credit."""
Room = Callable[[bool], None]
"""Told that there is room for more, and whether it is wanted soon."""


class Playout:
    """Takes a reply's audio at 24 kHz, gives frames at the client's rate when they are due.

    `held_up`: what was given has not left the process; more is kept back then, and can still be dropped.
    Where a client wants the whole text first, sound waits for `text_ended`. `fail` takes what goes wrong on a
    turn of the wheel, where nobody has called.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        output_rate: int,
        send: Callable[[Outbound], None],
        post: Callable[[e.Event], None],
        now: Callable[[], float],
        observed: Observed,
        wheel: Wheel,
        fail: Callable[[Exception], None],
        held_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._held_up, self._fail = held_up, fail
        self._spoke = wheel.join(self._turn_of_wheel)
        self._clock_began = asyncio.get_running_loop().time() - now()
        self._asked_for = 0.0
        """The moment for which the wheel is to call, on the session's clock."""
        frame = capabilities.frame_samples * output_rate // SPOKEN_RATE
        self._pacer = Pacer(
            output_rate, frame, capabilities.lead_s, capabilities.exact_frames, capabilities.whole_clips
        )
        self._rate = output_rate
        self._send, self._post, self._now, self._observed = send, post, now, observed
        self._resampler = Resampler(SPOKEN_RATE, output_rate)
        self._owed: list[Room] = []
        """Whom to tell when there is room for more."""
        self._backlog_s = inf if capabilities.whole_clips else max(BACKLOG_S, frame / output_rate)
        """A whole frame has room, or none would ever be sent."""
        self._text_first = capabilities.text_first
        self._plays_on = not capabilities.holds
        self._written = 0
        """The newest reply whose text has ended."""
        self._reply = self._turn = 0
        self._alive = False
        self._begun = self._announced = False
        self._samples = 0
        self._told_end = True

    def begin(self, reply: int, turn: int) -> None:
        self._reply, self._turn = reply, turn
        self._alive = True
        self._begun = self._announced = False
        self._samples = 0
        self._told_end = False
        self._pacer.begin()
        self._resampler = Resampler(SPOKEN_RATE, self._rate)
        self._owed.clear()

    def play(self, reply: int, pcm: bytes, room: Room) -> bool:
        """Queue audio of a reply; `room` is called once there is room for more. False: the reply is dead and
        nothing was queued.
        """
        if not self._is_alive(reply):
            return False
        if not self._begun and pcm:
            self._begun = True
            self._observed.note_audio_arrived(reply)
            self._announce()
        self._owed.append(room)
        self._push(self._resampler.feed(pcm))
        return True

    def _is_alive(self, reply: int) -> bool:
        return self._alive and reply == self._reply

    def text_ended(self, reply: int) -> None:
        """The client has all of this reply's text."""
        self._written = reply
        if self._is_alive(reply) and self._begun:
            self._announce()
            self._pump(self._now())

    def _announce(self) -> None:
        if not (self._announced or self._awaits_text):
            self._announced = True
            self._send(AudioStarted(self._turn, self._reply, self._rate))

    def finish(self, reply: int) -> None:
        """No more audio comes for this reply."""
        if self._is_alive(reply):
            if self._begun:
                self._add(self._resampler.feed(b"", last=True))
            self._pacer.finish()
            self._pump(self._now())

    def flush(self, reply: int) -> None:
        """The reply is dead."""
        if self._is_alive(reply):
            self._alive = False
            metrics.DROPPED.labels("reply").inc(self._pacer.buffered_s)
            self._pacer.flush()
            self._owed.clear()
            self._spoke.rest()

    def hold(self, reply: int) -> None:
        """Nothing more is sent of this reply until `resume`; a client that can hold what it has does."""
        if self._is_alive(reply):
            self._pacer.hold(self._now(), self._plays_on)
            self._spoke.rest()

    def resume(self, reply: int) -> None:
        """From the sample at which it was held."""
        if self._is_alive(reply):
            self._pacer.resume(self._now(), cleared=False)
            self._pump(self._now())

    def note_dropped(self, size: int) -> None:
        """So many bytes had left the pacer and were not sent after all."""
        metrics.DROPPED.labels("reply").inc(size / 2 / self._rate)

    @property
    def buffered_s(self) -> float:
        return self._pacer.buffered_s

    def report(self, turn: int, played_ms: float) -> None:
        """The client says how much it has played; of a dead reply, how much it had."""
        if turn != self._turn:
            return
        samples = int(played_ms * self._rate / 1000)
        if self._alive:
            self._pacer.report(samples, self._now())
            self.tell_progress()
            self._pump(self._now())
        else:
            self._tell_played(min(samples, self._pacer.sent))

    def tell_progress(self) -> None:
        """Tell the conversation how much has been heard by now."""
        if self._alive and self._samples:
            self._tell_played(self._pacer.played(self._now()))

    def _tell_played(self, samples: int) -> None:
        played = samples * SPOKEN_RATE // self._rate
        self._post(e.PlaybackAdvanced(self._now(), self._reply, played))

    def wake(self) -> None:
        """What was held up flows again."""
        self._pump(self._now())

    def _turn_of_wheel(self) -> None:
        """What it was called for is due, though the loop's clock, which is coarse, may not say so yet."""
        try:
            self._pump(max(self._now(), self._asked_for))
        except Exception as error:
            self._fail(error)

    def _pump(self, now: float) -> None:
        """Send what is due, and ask to be called again when more will be."""
        while not self._waits and (frame := self._pacer.take(now)):
            self._send(AudioPlayed(self._turn, self._reply, frame))
        if new := self._pacer.underruns - self._observed.underruns:
            self._observed.note_underruns(new)
        self._make_room()
        is_out = self._pacer.played_out(now)
        due = self._next_due(now)
        if due is None:
            self._spoke.rest()
        else:
            self._ask_for(due)
        self._tell_ends(now, is_out)

    def _ask_for(self, due: float) -> None:
        self._asked_for = due
        self._spoke.call_at(self._clock_began + due)

    def _make_room(self) -> None:
        if self._owed and (buffered_s := self._pacer.buffered_s) < self._backlog_s:
            soon = buffered_s < self._backlog_s / 2
            owed, self._owed = self._owed, []
            for room in owed:
                room(soon)

    @property
    def _waits(self) -> bool:
        return self._awaits_text or self._held_up()

    @property
    def _awaits_text(self) -> bool:
        return self._text_first and self._written != self._reply

    def _add(self, pcm: bytes) -> None:
        self._samples += len(pcm) // 2
        self._pacer.push(pcm)

    def _push(self, pcm: bytes) -> None:
        """What is not due yet waits for the wheel."""
        self._add(pcm)
        now = self._now()
        due = self._next_due(now)
        if due is None or due <= now:
            self._pump(now)
        else:
            self._ask_for(due)
            self._make_room()

    def _next_due(self, now: float) -> float | None:
        return None if self._waits else self._pacer.next_due(now)

    def _tell_ends(self, now: float, is_out: bool) -> None:
        if not self._alive:
            return
        if self._pacer.finished and not self._told_end:
            self._told_end = True
            if self._samples:
                duration_ms = self._samples * 1000 // self._rate
                self._send(AudioFinished(self._turn, self._reply, duration_ms))
        if is_out:
            self._post(e.PlayedOut(now, self._reply))
