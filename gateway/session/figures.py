"""What one session has measured of itself: given to the metrics, and shown while it lives.

Written on the event loop; read, a number at a time, by the thread that answers Prometheus.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.notices import Latencies, Notice
from gateway.session import metrics

_CAUSES: dict[type[e.Event], str] = {
    e.UserSpeechStarted: "speech",
    e.TextTyped: "text",
    e.ReplyStopRequested: "stop",
}


@dataclass(slots=True)
class _Reply:
    """The newest, in seconds on the session's clock. None: not yet."""

    id: int = 0
    arrived_at: float | None = None
    sent_at: float | None = None
    voice_to_voice_s: float | None = None


class Figures:
    """`latencies` and `first_byte_s` are the last turn's."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._reply = _Reply()
        self.latencies: Latencies | None = None
        self.first_byte_s: float | None = None
        self.interruptions = 0
        self.underruns = 0
        self.faults = 0

    def note_audio_arrived(self, reply: int) -> None:
        """The first of the reply has come from the service."""
        self._reply = _Reply(reply, self._now())

    def note_audio_sent(self, reply: int) -> None:
        """The first of the reply has been handed to the socket."""
        newest = self._reply
        if reply == newest.id and newest.arrived_at is not None and newest.sent_at is None:
            newest.sent_at = self._now()
            self.first_byte_s = newest.sent_at - newest.arrived_at
            metrics.FIRST_BYTE.observe(self.first_byte_s)
            self._observe_answer(newest)

    def note(self, notice: Notice) -> None:
        """What the client is told that is measured too."""
        match notice:
            case n.LatenciesMeasured(_, reply, latencies):
                self._note_latencies(reply, latencies)
            case n.ErrorOccurred(code):
                self._note_error(code)
            case _:
                pass

    def _note_latencies(self, reply: int, latencies: Latencies) -> None:
        self.latencies = latencies
        metrics.observe(latencies)
        if reply == self._reply.id:
            self._reply.voice_to_voice_s = latencies.voice_to_voice_s
            self._observe_answer(self._reply)

    def _observe_answer(self, reply: _Reply) -> None:
        """Once both halves are known; the socket may be quicker than the conversation."""
        if reply.voice_to_voice_s is not None and reply.sent_at is not None and reply.arrived_at is not None:
            metrics.ANSWER.observe(reply.voice_to_voice_s + reply.sent_at - reply.arrived_at)

    def note_stop(self, reply: int, event: e.Event | None, voiced_at: float) -> None:
        """Playback of this reply was stopped for this event. `voiced_at`: when the newest speech began.

        Of a reply without any audio yet there was nothing to silence.
        """
        cause = _CAUSES.get(type(event)) if event is not None else None
        if event is None or cause is None or reply != self._reply.id:
            return
        self.interruptions += 1
        metrics.BARGE_INS.labels(cause).inc()
        if cause == "speech":
            now = self._now()
            metrics.BARGE_IN.observe(now - event.at)
            metrics.SILENCE.observe(max(now - voiced_at, 0.0))

    def note_underruns(self, count: int) -> None:
        self.underruns += count
        metrics.UNDERRUNS.inc(count)

    def _note_error(self, code: str) -> None:
        metrics.ERRORS.labels(code).inc()
        if code not in metrics.CLIENTS_FAULTS:
            self.faults += 1
