"""The one interface of analysis engines."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from engine_room.engines import Engine


@dataclass(frozen=True, slots=True)
class Mistake:
    original: str
    correction: str
    explanation: str


@dataclass(frozen=True, slots=True)
class Report:
    """Scores 0-100; at most five strengths and five suggestions.

    `engine`: who judged; empty: the engine that was asked. `fallback`: why another one did, for a person.
    `too_little`: was said to judge, or in a language that the judge does not know: the scores mean nothing.
    """

    grammar_score: int
    final_score: int
    mistakes: tuple[Mistake, ...] = ()
    strengths: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    engine: str = ""
    fallback: str = ""
    too_little: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """What the learner said, oldest first, one entry a turn.

    `patience_s`: how long the caller goes on waiting, from now; None: nobody knows.
    `traceparent`: of the span that an engine's own questions are part of.
    """

    utterances: tuple[str, ...]
    level: str = "intermediate"
    session: str = field(default="", compare=False)
    patience_s: float | None = field(default=None, compare=False)
    traceparent: str = field(default="", compare=False)


class AnalysisEngine(Engine, Protocol):
    def analyze(self, conversation: Conversation) -> AsyncGenerator[Progress | Report, None]:
        """Zero or more Progress, then exactly one Report."""
        ...
