"""Writes down all that a conversation was told and did, and asks of it one promise at a time.

The referee looks at each step as it is made; a promise looks back at the whole, and knows nothing of why.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import notices as n
from gateway.conversation.conversation import Command
from gateway.conversation.floor import Phase
from tests.unit.gateway.conversation.referee import LIMITS, Referee
from tests.unit.gateway.conversation.scripts import Move

LONGEST_S = max(
    LIMITS.utterance_s, LIMITS.idle_s, LIMITS.reply_chars * 0.1, LIMITS.analysis_s, LIMITS.whole_wait_s
)
"""No wait for one thing is longer."""


@dataclass(frozen=True)
class Step:
    """What was done at a moment, about `event` or by itself, the phase after it, and when the next is due."""

    at: float
    event: e.Event | None
    commands: list[Command]
    phase: Phase
    due: float | None


class Witness(Referee):
    """`judges`: it is a referee, too."""

    def __init__(self, conversation_class: Any, judges: bool = True) -> None:
        super().__init__(conversation_class)
        self.steps: list[Step] = []
        self.event_told: e.Event | None = None
        self.judges = judges

    def tell(self, event: e.Event) -> None:
        self.event_told = event
        if self.judges:
            super().tell(event)
        else:
            self.check(self.conversation.receive(event))

    def ring(self) -> None:
        self.event_told = None
        if self.judges:
            super().ring()
        else:
            self.check(self.conversation.on_deadline(self.now))

    def check(self, commands: list[Command]) -> None:
        phase, due = self.conversation.phase, self.conversation.next_deadline()
        self.steps.append(Step(self.now, self.event_told, commands, phase, due))
        if self.judges:
            super().check(commands)

    def check_books(self) -> None:
        if self.judges:
            super().check_books()

    @property
    def told(self) -> list[Command]:
        return [command for step in self.steps for command in step.commands]


def no_phase_outlives_its_deadline(witness: Witness) -> None:
    """There is always one, near; it comes; and what is left alone comes back to the user, or closes."""
    due, since, phase = inf, 0.0, Phase.LISTENING
    for step in witness.steps:
        assert step.at <= due, f"{phase} outlived its deadline"
        if step.phase is not phase:
            since, phase = step.at, step.phase
        if step.phase is Phase.CLOSED:
            assert step.due is None, "what is closed waits for something"
            due = inf
        else:
            assert step.due is not None, f"{phase}, since {since:g} s, has no deadline"
            assert step.due <= step.at + LONGEST_S, f"{phase}, since {since:g} s, has one that is far"
            due = max(step.due, step.at)  # one that has passed already comes at once
    assert witness.is_at_rest, "nobody got the floor back"


def no_sound_of_a_dead_turn(witness: Witness) -> None:
    """What was cancelled is silent before, is not spoken, held, gone on with or asked again, and nothing that
    comes of it does anything. Who does not answer has cancelled what they said.
    """
    dead, silent, alive = set[int](), set[int](), set[int]()
    for step in witness.steps:
        if isinstance(step.event, e.ReplyEvent) and step.event.reply in dead:
            assert not step.commands, "what came of a dead reply did something"
        for command in step.commands:
            match command:
                case do.StartReply(reply) | do.StartSpeech(reply):
                    assert reply not in dead, "a dead reply was started again"
                    alive.add(reply)
                case do.StopPlayback(reply):
                    silent.add(reply)
                case do.CancelReply(reply):
                    dead.add(reply)
                    alive.discard(reply)
                case n.TurnCompleted(reply=reply, interrupted=interrupted):
                    assert reply in dead, "a turn is over, and its reply lives"
                    assert reply in silent or not interrupted, "a reply was cut off and not silenced"
                case (
                    do.SpeakText(reply)
                    | do.SpeakAgain(reply)
                    | do.AskAgain(reply)
                    | do.FinishText(reply)
                    | do.HoldPlayback(reply)
                    | do.ResumePlayback(reply)
                    | n.ReplyTextAdded(_, reply)
                ):
                    assert reply not in dead | silent, f"{type(command).__name__} of a dead reply"
                case _:
                    pass
        assert not alive or step.phase in (Phase.THINKING, Phase.SPEAKING), "nobody answers, and it is said"


def each_turn_is_committed_exactly_once(witness: Witness) -> None:
    """In order, each that was begun, and the one of each reply."""
    told = witness.told
    turns = [command.turn for command in told if isinstance(command, do.CommitTurn)]
    assert turns == sorted(set(turns)), "a turn was committed twice, or out of order"
    answered = [command.turn for command in told if isinstance(command, do.StartReply | do.StartSpeech)]
    assert set(answered) <= set(turns), "a turn that was answered was not committed"
    recorded = Counter(command.turn for command in told if isinstance(command, do.RecordTurn))
    assert set(turns) <= set(recorded), "a turn was committed that was never over"
    assert all(count == 1 for count in recorded.values()), "a turn was over twice"


def what_is_held_is_neither_lost_nor_doubled(witness: Witness) -> None:
    """Each hold ends once, in going on or in silence, and in time; and nothing goes on that was not held."""
    held, since = 0, 0.0
    for step in witness.steps:
        assert not held or step.at <= since + LIMITS.hold_s, "it was held for too long"
        for command in step.commands:
            match command:
                case do.HoldPlayback(reply):
                    assert not held, "it was held twice: the second hold would keep another place"
                    held, since = reply, step.at
                case do.ResumePlayback(reply):
                    assert held == reply, "what was not held goes on: its sound is doubled"
                    held = 0
                case do.StopPlayback(reply) if held == reply:
                    held = 0
                case n.TurnCompleted(reply=reply):
                    assert held != reply, "a turn is over whose sound is held: the rest is lost"
                case _:
                    pass
    assert not held, "what was held is lost"


PROMISES: dict[str, Callable[[Witness], None]] = {
    promise.__name__.replace("_", " "): promise
    for promise in (
        no_phase_outlives_its_deadline,
        no_sound_of_a_dead_turn,
        each_turn_is_committed_exactly_once,
        what_is_held_is_neither_lost_nor_doubled,
    )
}


def keep(promise: str, conversation_class: Any, script: list[Move], judges: bool) -> None:
    """Raises AssertionError where it is not kept."""
    witness = Witness(conversation_class, judges)
    witness.play(script)
    PROMISES[promise](witness)
