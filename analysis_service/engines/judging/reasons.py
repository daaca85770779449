"""Why the language model's judgement could not be had: a class for the counters, words for a person.

Only words of ours: a fault's own may name addresses, or repeat what a provider said about the text.
"""

from dataclasses import dataclass

from analysis_service.engines.judging.answer import Unreadable
from chassis.faults import ClientFault, Fault, InternalFault, NoSlot, TooSlow


@dataclass(frozen=True, slots=True)
class Reason:
    name: str
    words: str


AWAY = Reason("away", "the language model does not answer")
_REASONS: tuple[tuple[type[Exception], Reason], ...] = (
    (NoSlot, Reason("full", "the language model is busy")),
    (TooSlow, Reason("slow", "the language model took too long")),
    (ClientFault, Reason("refused", "the language model cannot do what an analysis asks of it")),
    (InternalFault, Reason("failed", "the language model failed")),
    (Unreadable, Reason("unreadable", "the language model's answer was no judgement")),
)


def reason_for(failure: Fault | Unreadable) -> Reason:
    return next((reason for kind, reason in _REASONS if isinstance(failure, kind)), AWAY)
