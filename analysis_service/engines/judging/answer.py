"""Reads the language model's answer: dug out of whatever surrounds it, checked, and held to what was said."""

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from analysis_service.engine import Mistake
from analysis_service.engines.judging.digging import objects_in
from analysis_service.engines.judging.question import ADVICE_CHARS, MOST_MISTAKES, QUOTE_CHARS
from analysis_service.engines.scoring import Scores, clamp, words_in

MOST_LISTED = 50
"""Entries looked at in a list of the model's; it may write hundreds."""
_WORD = re.compile(r"\w+(?:'\w+)*")
_NUMBER = re.compile(r"\d{1,3}(?:\.\d+)?")


class Unreadable(Exception):
    """The model's answer holds no judgement."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of one part, which had so many words."""

    words: int
    scores: Scores
    mistakes: tuple[Mistake, ...]
    strengths: tuple[str, ...]
    suggestions: tuple[str, ...]


def read_judgement(text: str, utterances: Sequence[str]) -> Judgement:
    """The judgement in an answer about these utterances. Raises Unreadable."""
    for fields in objects_in(text):
        try:
            scores = Scores(
                _score(fields["grammar_score"]),
                _score(fields["vocabulary_score"]),
                _score(fields["fluency_score"]),
            )
        except (KeyError, ValueError):
            continue
        return Judgement(
            words=sum(len(words_in(utterance)) for utterance in utterances),
            scores=scores,
            mistakes=_mistakes(fields.get("mistakes"), utterances),
            strengths=_texts(fields.get("strengths")),
            suggestions=_texts(fields.get("suggestions")),
        )
    raise Unreadable("no object with the three scores")


def _score(value: Any) -> int:
    """0 to 100. Raises ValueError for what is no number."""
    if isinstance(value, str) and (found := _NUMBER.match(value.strip())):
        value = float(found[0])
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        raise ValueError("not a score")
    return clamp(max(0, min(100, value)))


def _texts(value: Any) -> tuple[str, ...]:
    entries = value[:MOST_LISTED] if isinstance(value, list) else []
    return tuple(text for entry in entries if (text := tidy(entry, ADVICE_CHARS)))


def _mistakes(value: Any, utterances: Sequence[str]) -> tuple[Mistake, ...]:
    """Those that are whole, were really said and are really changed: models invent."""
    said = [plain(utterance) for utterance in utterances]
    entries = value[:MOST_LISTED] if isinstance(value, list) else []
    found = (_mistake(entry) for entry in entries if isinstance(entry, dict))
    kept = [mistake for mistake in found if _is_said(mistake, said) and _is_changed(mistake)]
    return tuple(kept[:MOST_MISTAKES])


def _mistake(fields: dict[str, Any]) -> Mistake:
    return Mistake(
        tidy(fields.get("original"), QUOTE_CHARS),
        tidy(fields.get("correction"), QUOTE_CHARS),
        tidy(fields.get("explanation"), ADVICE_CHARS),
    )


def _is_said(mistake: Mistake, said: Iterable[str]) -> bool:
    wanted = plain(mistake.original)
    return bool(wanted.strip()) and any(wanted in utterance for utterance in said)


def _is_changed(mistake: Mistake) -> bool:
    """A point or a capital is the recogniser's doing, not the learner's."""
    is_whole = bool(mistake.correction and mistake.explanation)
    return is_whole and plain(mistake.correction) != plain(mistake.original)


def plain(text: str) -> str:
    """Words alone, in lower case, a space around each: what is compared."""
    straight = unicodedata.normalize("NFKC", text).replace("’", "'").casefold()
    return f" {' '.join(_WORD.findall(straight))} "


def tidy(value: Any, most: int) -> str:
    """One line of text that any wire can carry; "" for what is no text."""
    if not isinstance(value, str):
        return ""
    line = " ".join(value.encode(errors="replace").decode().split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"
