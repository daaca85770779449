"""How the tutor's word lists are written down."""


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for lists that read better as one."""
    return frozenset(text.split())
