"""One language however its tag is written, the same for every engine."""

import pytest

from chassis.languages import is_known, primary


@pytest.mark.parametrize("tag", ["en", "EN", "en-US", "en_US", "en-gb", "EN_gb", " en ", "en-Latn-GB"])
def test_a_tag_in_any_spelling_is_its_language(tag: str) -> None:
    assert primary(tag) == "en"
    assert is_known(tag, ("en-US",))
    assert is_known(tag, ("de", "EN"))
    assert not is_known(tag, ("de", "fr"))


def test_who_did_not_choose_is_understood_by_everybody() -> None:
    assert is_known("", ("de",))
    assert is_known("AUTO", ("de",))
    assert not is_known(" ", ("de",)), "a blank is no choice that anybody meant"


def test_who_knows_any_language_knows_each() -> None:
    assert is_known("tlh", ("any",))
    assert not is_known("eng", ("en",))
