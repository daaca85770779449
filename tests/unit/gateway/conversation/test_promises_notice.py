"""Each promise notices, by itself and without the referee, the faults that break it."""

import pytest

from gateway.conversation.conversation import Conversation
from tests.support.mutants import always_alike, mutated
from tests.unit.gateway.conversation.faults_of_promises import FAULTS_OF_PROMISES
from tests.unit.gateway.conversation.scripts import SCRIPTS, Move
from tests.unit.gateway.conversation.witness import PROMISES, keep


def judge(promise: str) -> None:
    def play(script: list[Move]) -> None:
        keep(promise, Conversation, script, judges=False)

    always_alike(600, play, SCRIPTS)


@pytest.mark.parametrize("fault", FAULTS_OF_PROMISES)
def test_a_broken_promise_is_noticed(fault: str) -> None:
    promise, name, old, new = FAULTS_OF_PROMISES[fault]
    with mutated(f"gateway.conversation.{name}", old, new), pytest.raises(AssertionError):
        judge(promise)


@pytest.mark.parametrize("promise", PROMISES)
def test_each_promise_has_faults_and_nothing_is_found_in_the_original(promise: str) -> None:
    judge(promise)
    assert sum(of == promise for of, _, _, _ in FAULTS_OF_PROMISES.values()) >= 3
