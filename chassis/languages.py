"""Language tags as clients write them: "en", "EN", "en_US", "en-GB" are one language."""

from collections.abc import Collection

ANY = "any"
UNSAID = ("", "auto")
"""Not chosen: whoever is asked takes its own, or finds it out."""


def primary(tag: str) -> str:
    """The language without its country or script: "en" of "en_US"."""
    return tag.strip().lower().replace("_", "-").partition("-")[0]


def is_known(tag: str, known: Collection[str]) -> bool:
    """Whether a tag is one of these, in whatever country's form, or was not chosen."""
    return ANY in known or tag.lower() in UNSAID or primary(tag) in map(primary, known)
