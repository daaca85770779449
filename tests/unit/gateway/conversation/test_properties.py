"""Whatever happens, in whatever order: the conversation cannot hang, lose a turn or speak a dead one."""

import pytest
from hypothesis import given, settings

from gateway.conversation.conversation import Conversation
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import DRAFT_SCRIPTS, SCRIPTS, Move
from tests.unit.gateway.conversation.witness import PROMISES, keep

SEQUENCES = 5_000
"""All together; the referee looks at each."""


@pytest.mark.parametrize("promise", PROMISES)
def test_in_any_order_of_events(promise: str) -> None:
    @settings(max_examples=SEQUENCES // len(PROMISES), deadline=None)
    @given(SCRIPTS)
    def any_script_keeps_it(script: list[Move]) -> None:
        keep(promise, Conversation, script, judges=True)

    any_script_keeps_it()


@settings(max_examples=300, deadline=None)
@given(DRAFT_SCRIPTS)
def test_any_script_with_drafts_keeps_every_promise(script: list[Move]) -> None:
    Referee(Conversation).play(script)


@settings(max_examples=100, deadline=None)
@given(SCRIPTS)
def test_the_same_script_gives_the_same_conversation(script: list[Move]) -> None:
    first, second = Referee(Conversation), Referee(Conversation)
    first.play(script)
    second.play(script)
    assert first.ledger == second.ledger
    assert first.conversation.state == second.conversation.state
