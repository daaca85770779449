"""Reading JSON control messages: bounded, typed, and wrong in words a person can use."""

import json
import re
from typing import Any

from chassis.faults import InvalidArgument
from gateway.conversation.report import AnalysisReport
from gateway.dialects.dialect import WireLimits

Fields = dict[str, Any]
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
"""A string that does not end reaches to the end of the text: nothing is looked at twice."""


def read_object(text: str, limits: WireLimits) -> Fields:
    """The JSON object of a text message. Raises InvalidArgument."""
    if len(text) > limits.text_chars:
        raise InvalidArgument(
            f"Invalid JSON message: it may have {limits.text_chars} characters at most; this has {len(text)}"
        )
    if is_deeper(text, limits.json_depth):
        raise InvalidArgument(f"Invalid JSON message: it is nested more than {limits.json_depth} deep")
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise InvalidArgument("Invalid JSON message") from None
    if not isinstance(value, dict):
        raise InvalidArgument("Invalid JSON message: an object with a type was expected")
    return value


def is_deeper(text: str, depth: int) -> bool:
    """Whether brackets are open within more than `depth` others, be the rest as wrong as it may."""
    opened = 0
    for found in _STRING_OR_BRACKET.finditer(text):
        if found[0] in "[{":
            opened += 1
            if opened > depth:
                return True
        elif found[0] in "]}":
            opened -= 1
    return False


def _refuse_constant(name: str) -> float:
    raise ValueError(name)


def read_text(fields: Fields, name: str, longest: int) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise InvalidArgument(f"{name} must be a string")
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise InvalidArgument(f"{name} must be text: half a surrogate pair is none")
    if len(value) > longest:
        raise InvalidArgument(f"{name} may have {longest} characters at most; this has {len(value)}")
    return value


def read_number(fields: Fields, name: str, low: float, high: float) -> float:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        raise InvalidArgument(f"{name} must be a number")
    if not low <= value <= high:
        raise InvalidArgument(f"{name} must be {low:g} to {high:g}, not {str(value)[:20]}")
    return float(value)


def write(**fields: Any) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def analysis_data(report: AnalysisReport) -> dict[str, object]:
    """AI-Talk's analysis object."""
    return {
        "grammar_score": report.grammar_score,
        "final_score": report.final_score,
        "mistakes": [
            {"original": m.original, "correction": m.correction, "explanation": m.explanation}
            for m in report.mistakes
        ],
        "strengths": list(report.strengths),
        "suggestions": list(report.suggestions),
    }
