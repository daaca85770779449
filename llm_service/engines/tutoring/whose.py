"""Whose prompt it is: the tutor's own, another agent's, or one that keeps a child company."""

import re

from llm_service.engine import Prompt

_ALEX = re.compile(r"\balex\b.*\btutor\b", re.IGNORECASE | re.DOTALL)
_CHILD = (
    r"(?:child(?:ren)?|kids?|toddlers?|preschoolers?|little (?:boys?|girls?|ones?)"
    r"|(?:[2-9]|1[0-2]|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)[- ]year[- ]olds?)"
)
_COMPANION = (
    r"(?:companions?|friends?|playmates?|bud(?:dy|dies)|pals?|nann(?:y|ies)|babysitters?|storytellers?|toys?"
    r"|teddy|teachers?|tutors?|play(?:s|ing)?|talk(?:s|ing)?|chat(?:s|ting)?|speak(?:s|ing)?|stories)"
)
_FOR_A_CHILD = re.compile(
    rf"\b{_COMPANION}\b[^\n]{{0,60}}\b{_CHILD}\b|\b{_CHILD}(?:['’]s?)?\b[^.!?\n]{{0,30}}\b{_COMPANION}\b",
    re.IGNORECASE,
)
READ_CHARS = 8_000
"""Of the instructions; whom an agent speaks to stands at their beginning."""


def instructions(prompt: Prompt) -> str:
    """What the system messages say."""
    return "\n".join(m.content for m in prompt.messages if m.role == "system")[:READ_CHARS]


def is_the_tutors(prompt: Prompt) -> bool:
    """Whether the instructions make Alex of the model, the tutor whose rules are in this folder."""
    return _ALEX.search(instructions(prompt)) is not None


def is_for_a_child(prompt: Prompt) -> bool:
    """Whether the instructions make a child's companion of the model. Rather once too often than not."""
    return _FOR_A_CHILD.search(instructions(prompt)) is not None
