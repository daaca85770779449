"""Names have letters of any language, and hyphens, and capitals in the middle."""

import pytest

from llm_service.engines.tutoring.hearing import Heard
from llm_service.engines.tutoring.learner import name_in


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("My name is José", "José"),
        ("my name is josé.", "José"),
        ("My name is Jose\u0301", "José"),
        ("I'm Zoë", "Zoë"),
        ("my name is O’Brien", "O'Brien"),
        ("My name is Jean-Luc and I like tea", "Jean-Luc"),
        ("call me Łukasz", "Łukasz"),
        ("My name is Nguyễn", "Nguyễn"),
        ("My name is McKenna", "McKenna"),
    ],
)
def test_a_name_is_written_as_its_owner_writes_it(said: str, name: str) -> None:
    assert name_in(Heard(said), was_asked=False) == name
