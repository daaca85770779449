"""Which numbers are read digit by digit."""

import pytest

from tts_service.text.digits import spell_digits


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Call +1 (555) 010-9988.", "Call|plus 1,|5 5 5,|0 1 0, 9 9 8 8."),
        ("555-0199, please", "5 5 5, 0 1 9 9,|please"),
        ("at 020 7946 0958!", "at|0 2 0,|7 9 4 6,|0 9 5 8!"),
        ("+44 (0)20 7946 0958", "plus 4 4,|0, 2 0,|7 9 4 6,|0 9 5 8"),
        ("06 12 34 56 78", "0 6,|1 2,|3 4,|5 6,|7 8"),
        ("555.010.9988", "5 5 5, 0 1 0, 9 9 8 8"),
        ("tel:555-0199", "tel: 5 5 5, 0 1 9 9"),
        ("(555-0199)", "5 5 5, 0 1 9 9)"),
        ("612 345 678", "6 1 2,|3 4 5,|6 7 8"),
        ("4111 1111 1111 1111", "4 1 1 1,|1 1 1 1,|1 1 1 1,|1 1 1 1"),
        ("1234567890", "1 2 3 4 5 6 7 8 9 0"),
        ("0800123", "0 8 0 0 1 2 3"),
        ("Now call 911 at once", "Now|call|9 1 1|at|once"),
        ("x12345678901234567", "x 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7"),
        ("Call 555-0199. 3 people", "Call|5 5 5, 0 1 9 9.|3|people"),
    ],
)
def test_numbers_to_dial_are_spelt_word_by_word(text: str, read: str) -> None:
    assert spell_digits(text.split()) == read.split("|")


@pytest.mark.parametrize(
    "text",
    [
        "2024-01-15 15.01.2024 1-15-2024",
        "from 1990-2005, or 10000-20000",
        "10 000 000 people of 1 234 567",
        "$5000000 and 1,500,000 and 3.14159265",
        "192.168.1.100",
        "call 300 people, call 112 000 times",
        "10:30 3-0 7/12/2024 555-0199/3",
        "1500000",
        "25,000 1234567%",
        "",
        "no number at all",
    ],
)
def test_amounts_dates_and_ranges_stay(text: str) -> None:
    assert spell_digits(text.split()) == text.split()


def test_a_long_text_takes_no_time() -> None:
    for odd in ("1 " * 3000, "1-" * 3000, "(1) " * 2000, "1" * 6000, "+" * 6000, "( " * 3000):
        words = odd.split()
        assert len(spell_digits(words)) == len(words)
