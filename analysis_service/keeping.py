"""How a finished report is kept: under what was judged, as JSON. Pure: `store.py` reads and writes."""

import hashlib
import json
from dataclasses import asdict

from analysis_service.engine import Conversation, Mistake, Report

FORMAT = 1
"""Raise it when reports of before must not be given any more."""


def digest(conversation: Conversation, engine: str) -> str:
    """Names what is judged, and by whom: another word, level or engine is another report."""
    judged = [FORMAT, engine, conversation.level, conversation.utterances]
    return hashlib.sha256(json.dumps(judged).encode()).hexdigest()[:32]


def write_report(report: Report) -> str:
    return json.dumps(asdict(report), ensure_ascii=False)


def read_report(text: str) -> Report | None:
    """None for what is no report of ours."""
    try:
        fields = json.loads(text)
        return Report(
            mistakes=tuple(Mistake(**mistake) for mistake in fields.pop("mistakes")),
            strengths=tuple(fields.pop("strengths")),
            suggestions=tuple(fields.pop("suggestions")),
            **fields,
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
