"""The property tests must notice faults: each hand-made one below turns them red."""

from collections.abc import Callable

import pytest
from hypothesis import strategies as st

from gateway.conversation.conversation import Conversation
from tests.support.mutants import always_alike, mutated
from tests.unit.gateway.conversation.faults import FAULTS
from tests.unit.gateway.conversation.faults_of_drafts import FAULTS_OF_DRAFTS
from tests.unit.gateway.conversation.faults_of_holds import FAULTS_OF_HOLDS
from tests.unit.gateway.conversation.faults_of_joins import FAULTS_OF_JOINS
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import DRAFT_SCRIPTS, SCRIPTS, Move
from tests.unit.gateway.conversation.test_items import check_bounds
from tests.unit.gateway.conversation.test_snapshot import play_restored

CORE = "gateway.conversation."
ALL_FAULTS = FAULTS | FAULTS_OF_HOLDS | FAULTS_OF_DRAFTS | FAULTS_OF_JOINS
SAID = st.lists(st.tuples(st.sampled_from(("user", "anna", "ben")), st.text(max_size=30)), max_size=30)


def play(script: list[Move]) -> None:
    Referee(Conversation).play(script)


JUDGES: dict[str, Callable[[], None]] = {
    "items": lambda: always_alike(200, check_bounds, SAID, st.integers(1, 20), st.integers(1, 200)),
    "snapshot": lambda: always_alike(150, play_restored, SCRIPTS, st.integers(0, 40)),
    "drafting": lambda: always_alike(800, play, DRAFT_SCRIPTS),
    "": lambda: always_alike(1500, play, SCRIPTS),
}
"""By the file that they look at most closely; what looks at all of them is the slowest."""


def judge(suspect: str = "") -> None:
    """What a fault has to get past, the suspected file's own judge first."""
    for name in sorted(JUDGES, key=lambda name: name != suspect):
        JUDGES[name]()


@pytest.mark.parametrize("fault", ALL_FAULTS)
def test_the_property_tests_notice(fault: str) -> None:
    name, old, new = ALL_FAULTS[fault]
    with (
        mutated(CORE + name, old, new),
        pytest.raises((AssertionError, AttributeError, TypeError, ValueError, IndexError)),
    ):
        judge(name)


@pytest.mark.parametrize("name", sorted({name for name, _, _ in ALL_FAULTS.values()}))
def test_a_file_that_is_replaced_by_itself_is_no_fault(name: str) -> None:
    with mutated(CORE + name, "\n", "\n"):
        play([Move("typed", 0, False, 0), Move("text", 0, False, 0)])


def test_they_find_nothing_in_the_original() -> None:
    judge()
