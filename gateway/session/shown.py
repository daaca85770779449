"""The sessions that live now, as Prometheus sees them: added up, and some of them one by one.

Looked at when Prometheus asks, from its thread: whoever is shown hands out numbers and nothing else. Never a
word of what is said in a label.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from chassis.metrics import REGISTRY
from gateway.conversation.floor import Phase
from gateway.session.view import Glance

MOST_SHOWN = 100
PHASE_NUMBERS = {phase: number for number, phase in enumerate(Phase)}
_PHASES = ", ".join(f"{number} {phase.value}" for phase, number in PHASE_NUMBERS.items())


class Shown(Protocol):
    @property
    def id(self) -> str: ...
    def glance(self) -> Glance: ...


Reading = Callable[[Glance], float | None]


def _stage(name: str) -> Reading:
    return lambda glance: getattr(glance.latencies, name, None)


SERIES: tuple[tuple[str, str, Reading], ...] = (
    ("turn", "Its turn", lambda glance: glance.turn),
    ("phase", f"What it does: {_PHASES}", lambda glance: PHASE_NUMBERS[glance.phase]),
    ("age_seconds", "How long it has lived", lambda glance: glance.age_s),
    ("interruptions", "Replies that its user cut short", lambda glance: glance.interruptions),
    ("underruns", "Times that its client ran out of audio", lambda glance: glance.underruns),
    ("faults", "Faults of ours or of a service that it was shown", lambda glance: glance.faults),
    ("buffered_seconds", "Reply audio that waits to be sent", lambda glance: glance.buffered_s),
    ("unsent_bytes", "What waits for its socket", lambda glance: glance.message_bytes),
    ("end_of_turn_seconds", "Last turn: end of speech to its being noticed", _stage("end_of_turn_s")),
    ("stt_final_seconds", "Last turn: to the final transcript", _stage("stt_final_s")),
    ("llm_first_token_seconds", "Last turn: to the first text", _stage("llm_first_token_s")),
    ("tts_first_audio_seconds", "Last turn: to the first audio", _stage("tts_first_audio_s")),
    ("first_byte_seconds", "Last turn: to the first byte sent", lambda glance: glance.first_byte_s),
    ("voice_to_voice_seconds", "Last turn: end of speech to first audio", _stage("voice_to_voice_s")),
)
"""parley_session_…: name, words, and where it is read."""


class LiveSessions(Collector):
    """The oldest `most_shown` one by one: who is shown stays shown."""

    def __init__(self, most_shown: int = MOST_SHOWN) -> None:
        self._most_shown = most_shown
        self._live: dict[str, Shown] = {}
        self._lock = threading.Lock()

    @contextmanager
    def showing(self, session: Shown) -> Iterator[None]:
        """The session lives during the body; nothing of it is left afterwards."""
        with self._lock:
            self._live[session.id] = session
        try:
            yield
        finally:
            with self._lock:
                del self._live[session.id]

    def collect(self) -> Iterable[Metric]:
        with self._lock:
            live = list(self._live.items())
        glances = [(name, session.glance()) for name, session in live]
        yield from _sums([glance for _, glance in glances])
        shown = glances[: self._most_shown]
        yield GaugeMetricFamily(
            "parley_sessions_not_shown",
            f"Sessions beyond the {self._most_shown} that are shown one by one",
            len(live) - len(shown),
        )
        for name, words, read in SERIES:
            family = GaugeMetricFamily(f"parley_session_{name}", words, labels=["session"])
            for session, glance in shown:
                if (value := read(glance)) is not None:
                    family.add_metric([session], value)
            yield family


def _sums(glances: Sequence[Glance]) -> Iterator[Metric]:
    queued = GaugeMetricFamily(
        "parley_queue_items",
        "What waits in all sessions: events for the conversation, messages for the socket",
        labels=["queue"],
    )
    longest = GaugeMetricFamily("parley_queue_items_longest", "Of one session, the most", labels=["queue"])
    for queue, counts in (
        ("events", [glance.events for glance in glances]),
        ("messages", [glance.messages for glance in glances]),
    ):
        queued.add_metric([queue], sum(counts))
        longest.add_metric([queue], max(counts, default=0))
    yield queued
    yield longest
    unsent = sum(glance.message_bytes for glance in glances)
    yield GaugeMetricFamily("parley_unsent_bytes", "What waits for the sockets of all sessions", unsent)
    buffered = [glance.buffered_s for glance in glances]
    yield GaugeMetricFamily(
        "parley_buffered_audio_seconds", "Reply audio that waits to be sent, of all sessions", sum(buffered)
    )
    yield GaugeMetricFamily(
        "parley_buffered_audio_longest_seconds", "Of one session, the most", max(buffered, default=0.0)
    )


LIVE = LiveSessions()
REGISTRY.register(LIVE)
