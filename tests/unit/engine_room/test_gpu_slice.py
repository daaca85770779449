"""A plan never gives out more than a card has, and says of every service where it goes or what is missing."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.gpu_cards import GB
from engine_room.gpu_slice import (
    CONTEXT_BYTES,
    Amount,
    Card,
    Grant,
    Plan,
    make_plan,
    read_amount,
    read_memory,
    shortage,
)

DESIGN = {"stt": "8", "llm": "0.35", "tts": "5"}


def plan(slices: dict[str, str], cards: list[float], reserved_gb: float = 2) -> Plan:
    held = [Card(index, round(size * GB)) for index, size in enumerate(cards)]
    return make_plan({s: read_amount(a) for s, a in slices.items()}, held, round(reserved_gb * GB))


def where(made: Plan) -> dict[str, int]:
    return {place.service: place.gpu for place in made.placed}


# ---------------------------------------------------------------------- amounts


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("8", 8.0),
        ("8GB", 8.0),
        (" 8.5 gb ", 8.5),
        ("0.35", 8.4),
        (".5", 12.0),
        ("1", 24.0),
        ("1.0", 24.0),
        ("1GB", 1.0),
        ("0.5GB", 0.5),
        ("1.5", 1.5),
    ],
)
def test_a_number_up_to_1_is_a_share_and_all_else_is_gigabytes(text: str, size: float) -> None:
    assert read_amount(text).of(24 * GB) == round(size * GB)


@pytest.mark.parametrize("text", ["", "0", "0GB", "-1", "nan", "inf", "1e3", "8TB", "8 8", "GB", "35%", "٣"])
def test_an_amount_that_makes_no_sense_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="no part of a GPU"):
        read_amount(text)


def test_an_endless_number_is_no_amount() -> None:
    for read in (read_amount, read_memory):
        with pytest.raises(ValueError, match="GB"):
            read("9" * 400)


def test_an_amount_is_written_as_it_is_read() -> None:
    for text in ("8GB", "0.35", "1GB", "1"):
        assert str(read_amount(text)) == text


def test_what_is_short_is_the_slice_and_the_reserve_less_what_is_free() -> None:
    assert shortage(8 * GB, 10 * GB, 2 * GB) == 0
    assert shortage(8 * GB, 6 * GB, 2 * GB) == 4 * GB


def test_an_allocator_is_given_the_slice_without_what_cuda_takes_of_it() -> None:
    grant = Grant(6 * GB, 24 * GB)
    assert grant.share == 0.25
    assert grant.allocator_share * 24 * GB == pytest.approx(6 * GB - CONTEXT_BYTES)
    assert Grant(CONTEXT_BYTES // 2, 24 * GB).allocator_share == 0
    assert Grant(30 * GB, 24 * GB).share == 1


# ---------------------------------------------------------------------- plans


def test_the_design_fits_on_one_card_of_24_gb() -> None:
    made = plan(DESIGN, [24])
    assert made.fits
    assert where(made) == {"stt": 0, "llm": 0, "tts": 0}
    assert made.left == {0: round(0.6 * GB)}


def test_what_does_not_fit_is_named_with_what_is_missing() -> None:
    made = plan(DESIGN, [16])
    (short,) = made.short
    assert (short.service, short.gpu, short.bytes) == ("tts", 0, 5 * GB)
    assert short.short == round(4.6 * GB)


def test_the_next_card_takes_what_the_first_has_no_room_for() -> None:
    assert where(plan(DESIGN, [16, 12])) == {"stt": 0, "llm": 0, "tts": 1}


def test_a_set_that_fits_is_found_where_the_biggest_first_alone_would_refuse_it() -> None:
    made = plan({"a": "10", "b": "8", "c": "8", "d": "6", "e": "6", "f": "6"}, [22, 22], 0)
    assert made.fits
    assert made.left == {0: 0, 1: 0}


def test_a_card_smaller_than_the_reserve_takes_nothing() -> None:
    made = plan({"llm": "0.5"}, [1])
    assert not made.fits
    assert made.left == {0: -1 * GB}
    assert made.short[0].short == round(1.5 * GB)


def test_many_slices_on_many_cards_are_answered_in_time() -> None:
    slices = {f"s{number}": f"{4 + number % 7}" for number in range(40)}
    assert not plan(slices, [24.0 + index for index in range(8)]).fits


# Cards of a few bytes, so that much falls on the border.
amounts = st.one_of(
    st.integers(1, 40).map(lambda size: Amount(bytes=size)),
    st.integers(1, 20).map(lambda parts: Amount(share=parts / 20)),
)
many_slices = st.dictionaries(st.sampled_from("abcde"), amounts, max_size=5)
many_cards = st.lists(st.integers(1, 48), min_size=1, max_size=3).map(
    lambda sizes: [Card(index, size) for index, size in enumerate(sizes)]
)
reserves = st.integers(0, 4)


@given(many_slices, many_cards, reserves)
def test_a_plan_never_over_commits(slices: dict[str, Amount], cards: list[Card], reserved: int) -> None:
    made = make_plan(slices, cards, reserved)
    for card in cards:
        given_out = [place.bytes for place in made.placed if place.gpu == card.index]
        assert made.left[card.index] == card.bytes - reserved - sum(given_out)
        assert not given_out or made.left[card.index] >= 0


@given(many_slices, many_cards, reserves)
def test_every_service_is_placed_once_or_said_to_be_short_by_how_much(
    slices: dict[str, Amount], cards: list[Card], reserved: int
) -> None:
    made = make_plan(slices, cards, reserved)
    named = [place.service for place in made.placed] + [short.service for short in made.short]
    assert sorted(named) == sorted(slices)
    sizes = {card.index: card.bytes for card in cards}
    for place in made.placed:
        assert place.bytes == slices[place.service].of(sizes[place.gpu])
    for short in made.short:
        assert short.short > 0
        assert short.short == short.bytes - made.left[short.gpu]
        room = {card.index: made.left[card.index] - slices[short.service].of(card.bytes) for card in cards}
        assert max(room.values()) == -short.short, "it is told for the card where it fits best"


@given(many_slices, many_cards, reserves)
def test_nothing_is_refused_that_could_be_placed(
    slices: dict[str, Amount], cards: list[Card], reserved: int
) -> None:
    """Against every way to place them."""
    possible = any(
        all(
            sum(slices[s].of(card.bytes) for s, at in zip(slices, choice, strict=True) if at == card.index)
            <= card.bytes - reserved
            for card in cards
            if card.index in choice
        )
        for choice in product(range(len(cards)), repeat=len(slices))
    )
    assert make_plan(slices, cards, reserved).fits is possible
