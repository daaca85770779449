"""Who is asked: the emptiest that is ready, not late, and not known to have failed this very reply."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import NoSlot, Unavailable
from gateway.links import tts
from gateway.links.choice import Count, Standing, Wish, choose
from tests.unit.gateway.links.rigged import RiggedLink


def at(address: str, free: int = 4, ready: bool = True, late: bool = False) -> Standing:
    return Standing(address, ready, free, late)


def chosen(*standings: Standing, wish: Wish | None = None) -> str:
    return choose("llm", standings, wish or Wish())


def test_the_emptiest_ready_replica_is_asked() -> None:
    assert chosen(at("a", 1), at("b", 3), at("c", 9, ready=False)) == "b"


def test_a_late_replica_is_asked_only_where_nobody_else_has_a_place() -> None:
    assert chosen(at("a", 9, late=True), at("b", 1)) == "b"
    assert chosen(at("a", 9, late=True), at("b", 0)) == "a"


def test_a_conversation_goes_back_to_the_replica_that_has_its_prefix() -> None:
    wish = Wish(prefer="a")
    assert chosen(at("a", 1), at("b", 9), wish=wish) == "a"
    assert chosen(at("a", 0), at("b", 9), wish=wish) == "b"
    assert chosen(at("a", 1, late=True), at("b", 9), wish=wish) == "b"


def test_who_is_to_be_avoided_is_not_asked_even_when_there_is_nobody_else() -> None:
    with pytest.raises(Unavailable, match="llm service does not answer"):
        chosen(at("a"), wish=Wish(avoid=frozenset({"a"})))
    assert chosen(at("a", 9), at("b", 1), wish=Wish(avoid=frozenset({"a"}))) == "b"


def test_nobody_ready_and_nobody_free_are_told_apart() -> None:
    with pytest.raises(Unavailable):
        chosen(at("a", ready=False))
    with pytest.raises(Unavailable):
        chosen()
    with pytest.raises(NoSlot, match="all places of the llm service are taken"):
        chosen(at("a", 0), at("b", 0))


def test_equals_are_drawn_by_chance_so_that_gateways_do_not_all_choose_the_same() -> None:
    chance = random.Random(7)
    drawn = Counter(choose("llm", [at("a"), at("b"), at("c", 1)], Wish(), chance) for _ in range(200))
    assert set(drawn) == {"a", "b"}
    assert min(drawn.values()) > 60


def test_places_of_others_and_of_ours_are_both_counted_while_a_status_is_under_way() -> None:
    count = Count()
    count.note_status(total=4, free=2, ours=0)  # two are another gateway's
    assert count.free(ours=0) == 2
    assert count.free(ours=1) == 1
    assert count.free(ours=2) == 0, "the status that counts ours has not come yet"
    count.note_status(total=4, free=0, ours=2)
    assert count.free(ours=2) == 0
    assert count.free(ours=1) == 1, "one of ours has ended"


@given(st.integers(0, 8), st.integers(0, 8), st.integers(0, 8))
def test_no_more_places_are_given_than_there_are(total: int, others: int, ours: int) -> None:
    others = min(others, total)
    count = Count()
    count.note_status(total, total - others, ours=0)
    assert count.free(ours) + others + min(ours, total - others) <= total


def test_places_of_a_replica_that_is_not_ready_are_nobodys() -> None:
    link = RiggedLink("tts", tts.WIRE, (2, 3))
    assert (link.slots, link.free) == (5, 5)
    link.rigged[1].ready = False
    assert (link.slots, link.free) == (2, 2)


def test_a_service_that_answers_but_has_no_model_is_told_from_one_that_does_not_answer() -> None:
    bare = Standing("a", ready=False, free=0, bare=True)
    with pytest.raises(Unavailable, match="model of the llm service is not loaded"):
        chosen(bare, at("b", ready=False))
    with pytest.raises(Unavailable, match="llm service does not answer"):
        chosen(bare, wish=Wish(avoid=frozenset({"a"})))
