"""A conversation whose events are kept, so that it can be replayed."""

from collections.abc import Callable, Sequence

from gateway.conversation.agent import Agent
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.events import Event
from gateway.conversation.limits import Limits
from gateway.event_log.lines import Deadline, Entry


class Recorded(Conversation):
    """`note` is told all that it is told, before it decides: what it breaks on is kept too."""

    def __init__(self, agents: Sequence[Agent], limits: Limits, note: Callable[[Entry], None]) -> None:
        super().__init__(agents, limits)
        self._note = note

    def receive(self, event: Event) -> list[Command]:
        self._note(event)
        return super().receive(event)

    def on_deadline(self, now: float) -> list[Command]:
        self._note(Deadline(now))
        return super().on_deadline(now)
