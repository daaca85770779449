"""What a session observes of itself: counted as it happens, and read by Prometheus while it lives.

Written on the event loop; read, a number at a time, by the thread that answers Prometheus, which waits for
nothing. Never a word of what is said in a label.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.metrics import REGISTRY
from gateway.conversation import effects as do
from gateway.conversation import notices as n
from gateway.conversation.conversation import Conversation
from gateway.conversation.effects import USERS_CUTS, Ending
from gateway.conversation.floor import Phase
from gateway.conversation.notices import Latencies, Notice
from gateway.session import metrics
from gateway.transports.wire import Unsent

MOST_SHOWN = 100
PHASE_NUMBERS = {phase: number for number, phase in enumerate(Phase)}
_PHASES = ", ".join(f"{number} {phase.value}" for phase, number in PHASE_NUMBERS.items())


@dataclass(frozen=True, slots=True)
class Reading:
    """Of one session at one moment. What waits: events for the conversation, messages for the socket.

    `latencies` and `first_byte_s` are the last turn's.
    """

    turn: int
    phase: Phase
    age_s: float
    interruptions: int
    underruns: int
    faults: int
    buffered_s: float
    events: int
    messages: int
    message_bytes: int
    latencies: Latencies | None
    first_byte_s: float | None


@dataclass(slots=True)
class _Reply:
    """The newest, in seconds on the session's clock. None: not yet."""

    id: int = 0
    arrived_at: float | None = None
    sent_at: float | None = None
    voice_to_voice_s: float | None = None


class Observed:
    """One session's. `now` is its clock; `latencies` and `first_byte_s` are the last turn's."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._reply = _Reply()
        self._held_at: float | None = None
        """Since when the reply waits for what is said over it."""
        self.latencies: Latencies | None = None
        self.first_byte_s: float | None = None
        self.interruptions = 0
        self.underruns = 0
        self.faults = 0

    def reading(self, conversation: Conversation, events: int, unsent: Unsent, buffered_s: float) -> Reading:
        """With what only others know at this moment."""
        return Reading(
            turn=conversation.turn,
            phase=conversation.phase,
            age_s=self._now(),
            interruptions=self.interruptions,
            underruns=self.underruns,
            faults=self.faults,
            buffered_s=buffered_s,
            events=events,
            messages=unsent.messages,
            message_bytes=unsent.bytes,
            latencies=self.latencies,
            first_byte_s=self.first_byte_s,
        )

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
            case n.PlaybackHeld():
                self._held_at = self._now()
            case n.BackchannelHeard():
                self._count_hold("backchannel")
            case n.PlaybackResumed():
                self._count_hold("noise")
            case _:
                pass

    def _count_hold(self, outcome: str) -> None:
        """Once: what is a backchannel is told of first."""
        if self._held_at is not None:
            metrics.HELD.labels(outcome).inc()
            self._held_at = None

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

    def _note_error(self, code: str) -> None:
        metrics.ERRORS.labels(code).inc()
        if code not in metrics.CLIENTS_FAULTS:
            self.faults += 1

    def note_end(self, turn: do.RecordTurn, voiced_at: float) -> None:
        """The turn is over, and its playback stopped. `voiced_at`: when the newest speech began.

        Of a reply without any audio yet there was nothing to silence.
        """
        if turn.ending not in USERS_CUTS or turn.reply != self._reply.id:
            return
        self.interruptions += 1
        metrics.BARGE_INS.labels(turn.ending.value).inc()
        if turn.ending is Ending.CUT_BY_SPEECH:
            now = self._now()
            metrics.BARGE_IN.observe(now - turn.at)
            silent_at = now if self._held_at is None else self._held_at
            if voiced_at <= silent_at:  # else it is the beginning of a later utterance
                metrics.SILENCE.observe(silent_at - voiced_at)
        self._count_hold("interruption")

    def note_underruns(self, count: int) -> None:
        self.underruns += count
        metrics.UNDERRUNS.inc(count)


def _stage(name: str) -> Callable[[Reading], float | None]:
    return lambda reading: getattr(reading.latencies, name, None)


SERIES: tuple[tuple[str, str, Callable[[Reading], float | None]], ...] = (
    ("turn", "Its turn", lambda reading: reading.turn),
    ("phase", f"What it does: {_PHASES}", lambda reading: PHASE_NUMBERS[reading.phase]),
    ("age_seconds", "How long it has lived", lambda reading: reading.age_s),
    ("interruptions", "Replies that its user cut short", lambda reading: reading.interruptions),
    ("underruns", "Times that its client ran out of audio", lambda reading: reading.underruns),
    ("faults", "Faults of ours or of a service that it was shown", lambda reading: reading.faults),
    ("buffered_seconds", "Reply audio that waits to be sent", lambda reading: reading.buffered_s),
    ("unsent_bytes", "What waits for its socket", lambda reading: reading.message_bytes),
    ("end_of_turn_seconds", "Last turn: end of speech to its being noticed", _stage("end_of_turn_s")),
    ("stt_final_seconds", "Last turn: to the final transcript", _stage("stt_final_s")),
    ("llm_first_token_seconds", "Last turn: to the first text", _stage("llm_first_token_s")),
    ("tts_first_audio_seconds", "Last turn: to the first audio", _stage("tts_first_audio_s")),
    ("first_byte_seconds", "Last turn: to the first byte sent", lambda reading: reading.first_byte_s),
    ("voice_to_voice_seconds", "Last turn: end of speech to first audio", _stage("voice_to_voice_s")),
)
"""parley_session_…: name, words, and where it is read."""


class LiveSessions(Collector):
    """All sessions added up, and the oldest `most_shown` one by one."""

    def __init__(self, most_shown: int = MOST_SHOWN) -> None:
        self._most_shown = most_shown
        self._live: dict[str, Callable[[], Reading]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def showing(self, session: str, read: Callable[[], Reading]) -> Iterator[None]:
        """The session lives during the body; nothing of it is left afterwards. `read` is called by another
        thread.
        """
        with self._lock:
            self._live[session] = read
        try:
            yield
        finally:
            with self._lock:
                del self._live[session]

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            live = list(self._live.items())
        readings = [(session, read()) for session, read in live]
        yield from _sums([reading for _, reading in readings])
        shown = readings[: self._most_shown]
        yield GaugeMetricFamily(
            "parley_sessions_not_shown",
            f"Sessions beyond the {self._most_shown} that are shown one by one",
            len(live) - len(shown),
        )
        for name, words, value_of in SERIES:
            family = GaugeMetricFamily(f"parley_session_{name}", words, labels=["session"])
            for session, reading in shown:
                if (value := value_of(reading)) is not None:
                    family.add_metric([session], value)
            yield family


def _sums(readings: Sequence[Reading]) -> Iterator[Metric]:
    queued = GaugeMetricFamily(
        "parley_queue_items",
        "What waits in all sessions: events for the conversation, messages for the socket",
        labels=["queue"],
    )
    longest = GaugeMetricFamily("parley_queue_items_longest", "Of one session, the most", labels=["queue"])
    for queue, counts in (
        ("events", [reading.events for reading in readings]),
        ("messages", [reading.messages for reading in readings]),
    ):
        queued.add_metric([queue], sum(counts))
        longest.add_metric([queue], max(counts, default=0))
    yield queued
    yield longest
    unsent = sum(reading.message_bytes for reading in readings)
    yield GaugeMetricFamily("parley_unsent_bytes", "What waits for the sockets of all sessions", unsent)
    buffered = [reading.buffered_s for reading in readings]
    yield GaugeMetricFamily(
        "parley_buffered_audio_seconds", "Reply audio that waits to be sent, of all sessions", sum(buffered)
    )
    yield GaugeMetricFamily(
        "parley_buffered_audio_longest_seconds", "Of one session, the most", max(buffered, default=0.0)
    )


LIVE = LiveSessions()
REGISTRY.register(LIVE)
