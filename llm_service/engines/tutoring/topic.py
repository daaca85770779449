"""What the tutor can say about one subject; the subjects themselves are data in the modules beside it."""

from collections.abc import Mapping
from dataclasses import dataclass

from llm_service.engine import Level


@dataclass(frozen=True, slots=True, eq=False)
class Topic:
    """`remarks` never depend on whether the learner said yes or no; `idiom` is a phrase and its meaning."""

    name: str
    keywords: frozenset[str]
    questions: Mapping[Level, tuple[str, ...]]
    remarks: Mapping[Level, tuple[str, ...]]
    idiom: tuple[str, str]


def topic(
    name: str,
    keywords: str,
    *,
    easy: tuple[str, ...],
    natural: tuple[str, ...],
    deep: tuple[str, ...],
    say_easy: tuple[str, ...],
    say_natural: tuple[str, ...],
    say_deep: tuple[str, ...],
    idiom: tuple[str, str],
) -> Topic:
    """A topic from its three sets of questions and three sets of remarks, one for each level."""
    return Topic(
        name,
        frozenset((name, *keywords.split())),
        {"beginner": easy, "intermediate": natural, "advanced": deep},
        {"beginner": say_easy, "intermediate": say_natural, "advanced": say_deep},
        idiom,
    )
