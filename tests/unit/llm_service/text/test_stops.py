"""A reply ends before its stop text wherever the stream is cut, and loses nothing else."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from llm_service.text.stops import StopCutter

TEXT = st.text("ab", max_size=30)
STOPS = st.lists(st.text("ab", min_size=1, max_size=4), max_size=3)


@given(TEXT, STOPS, st.lists(st.integers(0, 30), max_size=8))
def test_what_is_said_is_what_stands_before_the_first_stop(
    text: str, stops: list[str], cuts: list[int]
) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    cutter = StopCutter(stops)
    said = "".join(cutter.feed(text[a:b]) for a, b in pairwise(places)) + cutter.finish()
    found = [text.find(stop) for stop in stops if stop in text]
    ends = [text.find(stop) + len(stop) for stop in stops if stop in text]
    assert cutter.stopped == bool(found)
    # In pieces the stop that is whole first wins; it may begin after another.
    assert said == text if not found else text.startswith(said) and min(found) <= len(said) < min(ends)


def test_a_whole_text_is_cut_at_its_first_stop() -> None:
    cutter = StopCutter(["STOP", "\n\n"])
    assert cutter.feed("one\n\ntwo STOP") == "one"
    assert (cutter.feed("more"), cutter.finish(), cutter.stopped) == ("", "", True)


def test_the_beginning_of_a_stop_waits_until_it_is_known() -> None:
    cutter = StopCutter(["STOP"])
    assert (cutter.feed("a ST"), cutter.feed("AR"), cutter.finish()) == ("a ", "STAR", "")
