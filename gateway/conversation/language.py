"""What the core's lists of words are sorted by."""


def base_of(tag: str) -> str:
    """The language of a tag, in lower case: `en` of "en-GB" and "en_US"."""
    return tag.replace("_", "-").partition("-")[0].lower()
