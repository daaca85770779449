"""One session at a glance, for the thread that answers Prometheus: it reads numbers and waits for nothing."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.conversation.conversation import Conversation
from gateway.conversation.floor import Phase
from gateway.conversation.notices import Latencies
from gateway.session.figures import Figures
from gateway.session.outbox import Outbox
from gateway.session.playout import Playout


@dataclass(frozen=True, slots=True)
class Glance:
    """At one moment. What waits: events for the conversation, messages for the socket.

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


@dataclass(frozen=True, slots=True)
class View:
    """`events` counts those in the inbox; `now` is the session's clock."""

    id: str
    _conversation: Conversation
    _events: Callable[[], int]
    _outbox: Outbox
    _playout: Playout
    _figures: Figures
    _now: Callable[[], float]

    def glance(self) -> Glance:
        figures = self._figures
        return Glance(
            turn=self._conversation.turn,
            phase=self._conversation.phase,
            age_s=self._now(),
            interruptions=figures.interruptions,
            underruns=figures.underruns,
            faults=figures.faults,
            buffered_s=self._playout.buffered_s,
            events=self._events(),
            messages=self._outbox.waiting_messages,
            message_bytes=self._outbox.waiting_bytes,
            latencies=figures.latencies,
            first_byte_s=figures.first_byte_s,
        )
