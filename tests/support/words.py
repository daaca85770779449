"""How well speech was understood."""

import re

_NUMBERS = "zero one two three four five six seven eight nine ten eleven twelve"
_SAME = {"mr": "mister", "mrs": "missus", "dr": "doctor"} | {
    str(number): word for number, word in enumerate(_NUMBERS.split())
}
"""Two spellings of one word."""


def plain(text: str) -> list[str]:
    """Its words without capitals and punctuation; hyphens part words, short numbers are words."""
    words = re.findall(r"[a-z0-9']+", text.lower().replace("’", "'").replace("-", " "))
    return [_SAME.get(word, word) for word in words]


def wrong_words(said: str, heard: str) -> int:
    """The fewest words to replace, add or leave out (Levenshtein's distance over words)."""
    wanted, found = plain(said), plain(heard)
    row = list(range(len(found) + 1))
    for index, word in enumerate(wanted, 1):
        before, row[0] = row[0], index
        for place, other in enumerate(found, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (word != other))
    return row[-1]


def word_error_rate(said: str, heard: str) -> float:
    return wrong_words(said, heard) / max(1, len(plain(said)))
