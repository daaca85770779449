"""What a grammar rule is. A rule looks at one short sentence; it must be sure before it speaks."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Replacement = str | Callable[[re.Match[str]], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """`replacement` is a template of `re`, or gives the right words (the same words: no mistake here)."""

    pattern: re.Pattern[str]
    replacement: Replacement
    explanation: str

    def mend(self, sentence: str) -> str:
        """The sentence put right, a capital at the start of the part kept."""
        return self.pattern.sub(self._mended, sentence)

    def _mended(self, match: re.Match[str]) -> str:
        right = (
            match.expand(self.replacement) if isinstance(self.replacement, str) else self.replacement(match)
        )
        return right[:1].upper() + right[1:] if match[0][:1].isupper() else right


def rule(pattern: str, replacement: Replacement, explanation: str) -> Rule:
    """A rule blind to capitals. Patterns nest no open repeats, so they stay linear on a short sentence."""
    return Rule(re.compile(pattern, re.IGNORECASE), replacement, explanation)


def either(words: str) -> str:
    """A group that matches any of the words, as whole words within the pattern."""
    return f"(?:{'|'.join(words.split())})"


# What may follow a noun that ends its phrase: "I have dog." but not "I have dog food."
_AFTER_NOUN = (
    "and but because so in on at with from for to it he she we they too now here who that "
    "which called named is"
)
PHRASE_END = rf"(?=\s+{either(_AFTER_NOUN)}\b|\s*(?:[,.;:!?]|$))"
