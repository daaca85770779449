"""Which script a text is written in, and so which language's voice can read it. Pure."""

import unicodedata
from collections import Counter

_LATIN = "LATIN"
LANGUAGES = {
    "ARABIC": "ar",
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "CJK": "zh",
    "CYRILLIC": "ru",
    "DEVANAGARI": "hi",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "MALAYALAM": "ml",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAI": "th",
}
"""The commonest language of each script, by how its characters' names begin."""


def language_of_script(text: str) -> str:
    """The language to guess for a text that is for the most part not in Latin letters; else "".

    A guess by script alone: Ukrainian is taken for Russian. Kana among Chinese characters is Japanese.
    """
    scripts = Counter(_script(letter) for letter in text if not letter.isascii() and letter.isalpha())
    latin = scripts.pop(_LATIN, 0) + sum(letter.isascii() and letter.isalpha() for letter in text)
    if sum(scripts.values()) <= latin:
        return ""
    known = [script for script, _ in scripts.most_common() if script in LANGUAGES]
    if "HIRAGANA" in known or "KATAKANA" in known:
        return "ja"
    return LANGUAGES[known[0]] if known else ""


def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
