"""What is left of a model's text when it is said aloud."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tts_service.text.speakable import speakable

SPOKEN = [
    ("**Hello** *there*", "Hello there"),
    ("**bo", "bo"),
    ("ld**, yes", "ld, yes"),
    ("**Note:** this", "Note: this"),
    ("# Title\nText", "Title. Text"),
    ("- one\n- two\n* three", "one. two. three"),
    ("1. Buy milk", "1. Buy milk"),
    ("- [ ] task", "task"),
    ("> quoted", "quoted"),
    ("---\nhi", "hi"),
    ("[the docs](https://x.io/a?b=c), see", "the docs, see"),
    ("docs](https://x.io/a), see", "docs, see"),
    ("![cat](cat.png) ok", "ok"),
    ("See https://www.example.com/path?x=1. Now", "See example dot com. Now"),
    ("www.example.org/a_b", "example dot org"),
    ("`pip install`", "pip install"),
    ("Look:\n```py\nprint(1)\n```\ndone", "Look: done"),
    ("I 😀 like 👍🏽 it 🇩🇪", "I like it"),
    ("1️⃣ first", "first"),
    ("👨‍👩‍👧", ""),
    ("→ go ★ on", "go on"),
    ("©2024 ™", "2024"),
    ("$5 and $3.50, £20, €1,000", "5 dollars and 3.50 dollars, 20 pounds, 1,000 euros"),
    ("$2 million", "2 million dollars"),
    ("5-10 people", "5 to 10 people"),
    ("2024-01-05 or 555-1234", "2024-01-05 or 555-1234"),
    ("3°C, 5km, 10 km/h", "3 degrees Celsius, 5 kilometers, 10 kilometers per hour"),
    ("#5 #hashtag", "number 5 hashtag"),
    ("No. 5", "number 5"),
    ("~5", "about 5"),
    ("a & b, R&D", "a and b, R&D"),
    ("cats vs. dogs", "cats versus dogs"),
    ("snake_case _it_ fail_after:3", "snake_case it fail_after:3"),
    ("| a | b |\n|---|---|\n| 1 | 2 |", "a, b. 1, 2"),
    ("2 * 3 = 6", "2 times 3 = 6"),
    ("<b>hi</b><br>", "hi"),
    ("and/or 24/7", "and or 24/7"),
    ("𝐇𝐞𝐥𝐥𝐨", "Hello"),
    ("~~gone~~", "gone"),
    ("don’t “do” it…", "don’t “do” it…"),
    ("Well,", "Well,"),
    ("3.5 e.g. Mr. 1,000", "3.5 e.g. Mr. 1,000"),
    ("مرحبا 5-10 $5", "مرحبا 5-10 $5"),
    ("你好，世界。", "你好，世界。"),
    ("\x00a\x07b\ud800", "a b"),
    ("a\r\n\t b", "a. b"),
    ("***", ""),
    ("  \n ", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "spoken"), SPOKEN)
def test_only_words_are_said(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


@given(st.text() | st.text(alphabet="*_`~#[]()!<>|-\\ \n$1a.:/w"))
def test_any_text_becomes_one_tidy_line(text: str) -> None:
    spoken = speakable(text)
    assert spoken == " ".join(spoken.split())
    assert not set(spoken) & set("*`~[]<>|\\#\0")
    assert not spoken or any(c.isalnum() for c in spoken)


@pytest.mark.parametrize(
    "unit", ["_", "[", "![", "*", "`", "<", "<a", "(", " ", "1", "$1,", "www.", "- ", "|--", ">"]
)
def test_long_rubbish_takes_no_more_than_linear_time(unit: str) -> None:
    began = time.perf_counter()
    speakable(unit * (100_000 // len(unit)))
    assert time.perf_counter() - began < 2
