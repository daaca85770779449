"""Numbers that people read digit by digit: telephone numbers, card numbers, very long ones. Pure.

English models read them as amounts. Dates, years, ranges, decimals and amounts stay as they are.
"""

import re

LONGEST_AMOUNT = 15
"""Digits. Nobody reads more of them as one amount."""
_RUN = re.compile(r"(?<![\w.,/$€£¥₹+-])\+?\(?\d+(?:(?:[ .-]|\)[ -]?| ?\()\d+)*(?![\w%/]|[.,]\d)")
_EMERGENCY = re.compile(
    r"\b(?:call|dial|phone|ring|text)(?:s|ed|ing)? (000|1[01][0-2]|119|9[19][19]|988)(?![\w%]|[.,]\d| \d)",
    re.IGNORECASE,
)
_LONG = re.compile(rf"\d{{{LONGEST_AMOUNT + 1},}}")
_DATE = re.compile(r"(?<![\d.-])(?:\d{4}-\d\d?-\d\d?|\d\d?[.-]\d\d?[.-](?:\d\d){1,2})(?![\d.-])")
_FEW = re.compile(r"(?:\d\D{0,3}){3}")
_FEWEST, _BARE = 7, 10
_BY_DOTS = (3, 3, 4)
_SHORT = (3, 4)

Span = tuple[int, int]


def spell_digits(words: list[str]) -> list[str]:
    """How each of a text's words is read: as it is, or its digits one by one; as many as there are words."""
    text = " ".join(words)
    spans = _find(text) if _FEW.search(text) else []
    read: list[str] = []
    begin = 0
    for word in words:
        read.append(_read(word, [(first - begin, last - begin) for first, last in spans]))
        begin += len(word) + 1
    return read


def _find(text: str) -> list[Span]:
    """Where such numbers are; ascending, none within another."""
    found = [match.span() for match in _RUN.finditer(text) if _is_dialled(match.group())]
    found += [match.span(1) for match in _EMERGENCY.finditer(text)]
    found += [match.span() for match in _LONG.finditer(text)]
    spans: list[Span] = []
    for begin, end in sorted(found):
        if not spans or begin >= spans[-1][1]:
            spans.append((begin, end))
    return spans


def _is_dialled(run: str) -> bool:
    """Whether digits in groups look like a number to dial and not like amounts, years or a date."""
    groups = re.findall(r"\d+", run)
    digits = sum(map(len, groups))
    if digits < _FEWEST or _DATE.search(run):
        return False
    if run[0] == "+" or ")" in run or digits > LONGEST_AMOUNT:
        return True
    shape = tuple(map(len, groups))
    if "." in run:
        return shape == _BY_DOTS
    if run[0] == "0" or shape == _SHORT:
        return True
    if len(groups) < 3:
        return len(groups) == 1 and digits >= _BARE
    return not _is_amount(run, shape) and shape[-1] >= 3


def _is_amount(run: str, shape: tuple[int, ...]) -> bool:
    """Whether the groups are thousands: "10 000 000"."""
    by_threes = set(shape[1:]) == {3} and not re.search(r"[^\d ]", run)
    return by_threes and (shape[0] < 3 or run.endswith("000"))


def _read(word: str, spans: list[Span]) -> str:
    """A word with the digits inside these spans apart; spans may begin before it and go on after it."""
    parts: list[str] = []
    done = 0
    for first, last in spans:
        begin, end = max(first, 0), min(last, len(word))
        if begin >= end:
            continue
        sign = "plus " if word[begin] == "+" else ""
        groups = re.findall(r"\d+", word[begin:end])
        # A reader stops briefly after each group.
        spelt = sign + ", ".join(" ".join(group) for group in groups) + ("," if last > len(word) else "")
        before = word[done:begin]
        parts += [before, " " if before[-1:].isalnum() or before.endswith(":") else "", spelt]
        done = end
    return "".join([*parts, word[done:]])
