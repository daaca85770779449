"""A conversation that was restored answers every later event as the original does."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conversation import events as e
from gateway.conversation.agent import TUTOR, Agent
from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.snapshot import VERSION, BadSnapshot, restore, take
from tests.unit.gateway.conversation.referee import LIMITS, Referee
from tests.unit.gateway.conversation.scripts import DRAFT_SCRIPTS, SCRIPTS, Move
from tests.unit.gateway.conversation.test_turns import answered


def again(conversation: Conversation) -> Conversation:
    """By way of JSON, as it is kept."""
    return restore(json.loads(json.dumps(take(conversation))), [TUTOR], conversation.limits)


class Twins:
    """Two conversations that are told the same. Raises AssertionError where they differ."""

    def __init__(self, original: Conversation, other: Conversation) -> None:
        self._original, self._other = original, other

    def __getattr__(self, name: str) -> Any:
        mine = getattr(self._original, name)
        assert mine == getattr(self._other, name)
        return mine

    def receive(self, event: e.Event) -> list[Command]:
        commands = self._original.receive(event)
        assert self._other.receive(event) == commands
        return commands

    def next_deadline(self) -> float | None:
        due = self._original.next_deadline()
        assert self._other.next_deadline() == due
        return due

    def on_deadline(self, now: float) -> list[Command]:
        commands = self._original.on_deadline(now)
        assert self._other.on_deadline(now) == commands
        return commands


@settings(max_examples=400, deadline=None)
@given(st.one_of(SCRIPTS, DRAFT_SCRIPTS), st.integers(0, 40))
def test_a_restored_conversation_answers_as_the_original(script: list[Move], at: int) -> None:
    play_restored(script, at)


def play_restored(script: list[Move], at: int) -> None:
    """After the move `at` a restored one goes on beside the original."""
    referee = Referee(Conversation)
    for number, move in enumerate(script):
        if number == at:
            original = referee.conversation
            referee.conversation = Twins(original, again(original))
        referee.play([move], settles=number == len(script) - 1)


def test_a_snapshot_is_not_changed_by_what_comes_later() -> None:
    conversation = answered()
    before = json.dumps(kept := take(conversation))
    conversation.receive(e.UserSpeechStarted(4, 2))
    conversation.receive(e.TranscriptFinished(5, 2, "coffee"))
    assert json.dumps(kept) == before


def test_whoever_goes_on_brings_the_agents() -> None:
    kept = take(answered())
    with pytest.raises(BadSnapshot, match="there is no agent called tutor"):
        restore(kept, [Agent("other", "be kind")])


@pytest.mark.parametrize("version", [None, 0, VERSION + 1, "1"])
def test_another_version_is_refused(version: Any) -> None:
    with pytest.raises(BadSnapshot, match="version 1 is understood"):
        restore({**take(answered()), "version": version}, [TUTOR])


@pytest.mark.parametrize(
    "break_it",
    [
        lambda state: state.pop("floor"),
        lambda state: state.update(floor=None),
        lambda state: state.update(deadline="soon"),
        lambda state: state.update(replies=True),
        lambda state: state["floor"].update(user="asleep"),
        lambda state: state["items"].update(kept=[3]),
        lambda state: state["items"].update(kept=3),
        lambda state: state.update(told=["listening"]),
        lambda state: state["hearing"].update(texts=[[1]]),
        lambda state: state.update(more=1),
    ],
)
def test_a_broken_one_is_refused_in_words(break_it: Any) -> None:
    kept: Any = take(answered())
    break_it(kept["state"])
    with pytest.raises(BadSnapshot, match="the snapshot is broken"):
        restore(kept, [TUTOR], LIMITS)
