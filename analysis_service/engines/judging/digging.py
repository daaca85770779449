"""Finds JSON objects in what a model wrote: bare, in a fence, amid prose, or cut off before its end."""

import json
from collections.abc import Iterator
from typing import Any

MOST_STARTS = 40
"""Braces tried; a text may be nothing else."""
DEEPEST = 8
_DECODER = json.JSONDecoder()
_CLOSING = {"{": "}", "[": "]"}


def objects_in(text: str) -> Iterator[dict[str, Any]]:
    """Whole objects from left to right, not those within others; at last what one cut off still holds."""
    first = start = text.find("{")
    for _ in range(MOST_STARTS):
        if start < 0:
            break
        value, end = _decode(text, start)
        if isinstance(value, dict):
            yield value
        start = text.find("{", end)
    if first >= 0 and isinstance(mended := _mend(text[first:]), dict):
        yield mended


def _decode(text: str, start: int) -> tuple[Any, int]:
    """The value that begins at `start`, None when it is none, and where to look on."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start + 1


def _mend(text: str) -> Any:
    """An object closed after the last entry of it that is whole; None when there is no such."""
    if (cut := _last_whole_entry(text)) is None:
        return None
    end, open_brackets = cut
    closing = "".join(_CLOSING[bracket] for bracket in reversed(open_brackets))
    return _decode(text[:end] + closing, 0)[0]


def _last_whole_entry(text: str) -> tuple[int, str] | None:
    """Where the last comma or closing bracket outside of strings is, and which brackets are open there."""
    stack: list[str] = []
    found: tuple[int, str] | None = None
    in_string = escaped = False
    for position, character in enumerate(text):
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "{[":
            stack.append(character)
            if len(stack) > DEEPEST:
                return found
        elif character in "}]":
            if not stack or _CLOSING[stack.pop()] != character:
                return found
            found = (position + 1, "".join(stack))
        elif character == ",":
            found = (position, "".join(stack))
    return found
