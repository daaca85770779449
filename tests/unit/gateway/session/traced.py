"""A conversation that is traced as a session traces it, and the stages of a turn, for tests."""

from typing import Any

import structlog

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.limits import Limits
from gateway.session.trace import SessionTrace
from tests.support.spans import Keeper, KeptSpan

SAID, REPLIED = "my secret wish", "a secret answer"


class Traced(Conversation):
    """A conversation watched as a session watches it. `told` are the utterances whose cause was told,
    `committed` the turns that were, with the trace that a line in the log would have named.
    """

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.now = 0.0
        self.told: list[tuple[int, str]] = []
        self.committed: dict[int, object] = {}
        self.trace = SessionTrace(
            "s1", "parley", "tutor", lambda *cause: self.told.append(cause), lambda: self.now
        )

    def receive(self, event: e.Event) -> list[Command]:
        self.now = event.at
        return self._show(event, super().receive(event))

    def on_deadline(self, now: float) -> list[Command]:
        self.now = now
        return self._show(None, super().on_deadline(now))

    def _show(self, event: e.Event | None, commands: list[Command]) -> list[Command]:
        for command in commands:
            self.trace.follow(command)
            if isinstance(command, do.CommitTurn):
                bound = structlog.contextvars.get_contextvars()
                self.committed[command.turn] = bound.get("trace_id")
        self.trace.note(event)
        return commands

    def tell(self, *events: e.Event) -> "Traced":
        for event in events:
            self.receive(event)
        return self

    def hang_up(self) -> None:
        self.receive(e.HungUp(self.now))
        self.trace.close()


def conversation() -> Traced:
    return Traced([TUTOR], Limits())


def spoken(turn: Traced) -> Traced:
    """The user has said something: heard at 1, over at 2, noticed at 2.6, understood at 2.8."""
    return turn.tell(
        e.UserSpeechStarted(1, 1), e.UserSpeechStopped(2.6, 1, 2.0), e.TranscriptFinished(2.8, 1, SAID)
    )


def written(turn: Traced) -> Traced:
    return turn.tell(e.ReplyTextArrived(3, 1, REPLIED), e.ReplyTextFinished(3.5, 1))


def audible(turn: Traced) -> Traced:
    return turn.tell(e.SpeechArrived(4, 1, 24_000, (e.Word("secret", 0),)))


def answered(turn: Traced) -> Traced:
    return turn.tell(e.SpeechFinished(4.5, 1), e.PlayedOut(5, 1))


def check(spans: list[KeptSpan]) -> None:
    """One trace per turn, made of one root and its children; each ended, once."""
    roots = [span for span in spans if span.name == "turn"]
    assert len({span.values["turn"] for span in roots}) == len(roots)
    for span in spans:
        assert span.ends == 1, f"{span.name} ended {span.ends} times"
        if span.name != "turn":
            assert span.parent in roots, f"{span.name} has no turn"


def outcome(keeper: Keeper) -> object:
    return keeper.one("turn").values["outcome"]
