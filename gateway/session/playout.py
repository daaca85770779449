"""Reply audio on its way to the client: one turn check, the client's rate, the pacer's clock."""

import asyncio
from collections.abc import Callable

from gateway.audio.pacer import Pacer
from gateway.audio.resample import Resampler
from gateway.conversation import events as e
from gateway.dialects.dialect import AudioFinished, AudioPlayed, AudioStarted, Capabilities, Outbound
from gateway.session import metrics
from gateway.session.figures import Figures
from protos.sound import SPOKEN_RATE

BACKLOG_S = 0.24
"""Audio that may wait for the pacer; the rest waits in the service, held back by credit."""


class Playout:
    """Takes a turn's audio at 24 kHz, gives frames at the client's rate when they are due.

    `held_up`: what was given has not left the process; more is kept back then, and can still be dropped.
    """

    def __init__(
        self,
        capabilities: Capabilities,
        output_rate: int,
        send: Callable[[Outbound], None],
        post: Callable[[e.Event], None],
        now: Callable[[], float],
        figures: Figures,
        held_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._held_up = held_up
        frame = capabilities.frame_samples * output_rate // SPOKEN_RATE
        self._pacer = Pacer(output_rate, frame, capabilities.lead_s, capabilities.exact_frames)
        self._rate = output_rate
        self._send, self._post, self._now, self._figures = send, post, now, figures
        self._resampler = Resampler(SPOKEN_RATE, output_rate)
        self._wake = asyncio.Event()
        self._room = asyncio.Event()
        self._backlog_s = max(BACKLOG_S, frame / output_rate)
        """A whole frame has room, or none would ever be sent."""
        self._begun = False
        self._samples = 0
        self._live = 0
        self._told_end = True

    def begin(self, turn: int) -> None:
        self._live = turn
        self._begun = False
        self._samples = 0
        self._told_end = False
        self._pacer.begin(turn)
        self._resampler = Resampler(SPOKEN_RATE, self._rate)
        self._room.set()

    async def play(self, turn: int, pcm: bytes) -> bool:
        """Queue audio of a turn, waiting for room. False: the turn is dead and nothing was queued."""
        while turn == self._live and self._pacer.buffered_s >= self._backlog_s:
            self._room.clear()
            await self._room.wait()
        if turn != self._live:
            return False
        if not self._begun and pcm:
            self._begun = True
            self._figures.note_audio_arrived(turn)
            self._send(AudioStarted(turn, self._rate))
        self._push(self._resampler.feed(pcm))
        return True

    def finish(self, turn: int) -> None:
        """No more audio comes for this turn."""
        if turn == self._live:
            if self._begun:
                self._push(self._resampler.feed(b"", last=True))
            self._pacer.finish()
            self._wake.set()

    def flush(self, turn: int) -> None:
        """The turn is dead."""
        if turn == self._live:
            self._live = 0
            metrics.DROPPED.labels("reply").inc(self._pacer.buffered_s)
            self._pacer.flush()
            self._room.set()

    def note_dropped(self, size: int) -> None:
        """So many bytes had left the pacer and were not sent after all."""
        metrics.DROPPED.labels("reply").inc(size / 2 / self._rate)

    @property
    def buffered_s(self) -> float:
        return self._pacer.buffered_s

    def report(self, turn: int, played_ms: float) -> None:
        """The client says how much it has played."""
        if turn == self._live:
            self._pacer.report(int(played_ms * self._rate / 1000), self._now())
            self.tell_progress()
            self._wake.set()

    def tell_progress(self) -> None:
        """Tell the conversation how much has been heard by now."""
        if self._live and self._samples:
            now = self._now()
            played = self._pacer.played(now) * SPOKEN_RATE // self._rate
            self._post(e.PlaybackAdvanced(now, self._live, played))

    def wake(self) -> None:
        """What was held up flows again."""
        self._wake.set()

    async def run(self) -> None:
        """Send what is due until cancelled."""
        while True:
            now = self._now()
            while not self._held_up() and (frame := self._pacer.take(now)):
                self._send(AudioPlayed(self._pacer.turn, frame))
            if new := self._pacer.underruns - self._figures.underruns:
                self._figures.note_underruns(new)
            if self._pacer.buffered_s < self._backlog_s:
                self._room.set()
            self._tell_ends(now)
            await self._sleep(None if self._held_up() else self._pacer.next_due(now))

    def _push(self, pcm: bytes) -> None:
        self._samples += len(pcm) // 2
        self._pacer.push(pcm)
        self._wake.set()

    def _tell_ends(self, now: float) -> None:
        if self._pacer.finished and not self._told_end and self._live:
            self._told_end = True
            if self._samples:
                self._send(AudioFinished(self._live, self._samples * 1000 // self._rate))
        if self._pacer.played_out(now) and self._live:
            self._post(e.PlayedOut(now, self._live))

    async def _sleep(self, until: float | None) -> None:
        self._wake.clear()
        if until is None:
            await self._wake.wait()
            return
        timer = asyncio.get_running_loop().call_later(max(until - self._now(), 0), self._wake.set)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()
