"""What of a model's text can be said aloud.

Models write for the eye: headings, stars, links, emoji. This leaves the words. It is total, it never needs
the other end of a pair of marks (the text may be one clause of many), and it never adds meaning: numbers,
units and abbreviations stay as they are but for the few that engines read badly.
"""

import re
import unicodedata

from tts_service.text.fences import FenceFilter

_MARKERS = (  # over lines without double or outer spaces, so that no pattern has to try any
    (re.compile(r"<!--[^<>]{0,2000}-->"), " "),
    (re.compile(r"!\[[^\]\n]{0,200}\]\([^)\n]{0,2000}\)"), " "),  # a picture says nothing
    (re.compile(r"\]\([^)\n]{0,2000}\)"), " "),  # a link keeps its words
    (re.compile(r"</?[A-Za-z][^<>\n]{0,200}>"), " "),
    (re.compile(r"^[|:\- ]*--[|:\- ]*\|[|:\- ]*$", re.MULTILINE), ""),  # what underlines a table's head
    (re.compile(r"^\||\|$", re.MULTILINE), ""),  # a table's edges
    (re.compile(r"^(?:[-*_=] ?){3,}$", re.MULTILINE), ""),  # a rule across the page
    (re.compile(r"^(?:(?:#{1,6}|>{1,9}|[-*+•‣◦▪]) )+(?:\[[ xX]\] )?", re.MULTILINE), ""),
    (re.compile(r"^>+", re.MULTILINE), ""),
    (re.compile(r"~~"), ""),
    (re.compile(r"(?<=\d) ?\* ?(?=\d)"), " times "),
    (re.compile(r"[*`]"), ""),
    (re.compile(r"(?<!\w)_{1,20}|_{1,20}(?!\w)"), " "),  # but snake_case and fail_after keep theirs
)
_LINK = re.compile(r"(?:https?://|www\.)(?:www\.)?([^\s/?#<>()\[\]\"']*)[^\s<>()\[\]\"']*", re.IGNORECASE)
_CURRENCIES = {"$": "dollars", "€": "euros", "£": "pounds", "¥": "yen", "₹": "rupees"}
_AMOUNT = re.compile(r"([$€£¥₹])[ ]?(\d[\d,]*(?:\.\d+)?)((?: (?:thousand|million|billion|trillion))?)\b")
_RANGE = re.compile(r"(?<![\w.,-])([0-9]{1,4})[-–]([0-9]{1,4})(?![\w-])")
_READINGS = (
    (re.compile(r"(?<=\d)[ ]?°[ ]?C\b"), " degrees Celsius"),
    (re.compile(r"(?<=\d)[ ]?°[ ]?F\b"), " degrees Fahrenheit"),
    (re.compile(r"(?<=\d)[ ]?°"), " degrees"),
    (re.compile(r"(?<=\d)[ ]?km/h\b"), " kilometers per hour"),
    (re.compile(r"(?<=\d)[ ]?km\b"), " kilometers"),
    (re.compile(r"(?<=\d)[ ]?kg\b"), " kilograms"),
    (re.compile(r"(?<=\d)[ ]?mph\b"), " miles per hour"),
    (re.compile(r"\bvs\.?(?=\s|$)"), "versus"),
    (re.compile(r"\bNo\.[ ]?(?=\d)"), "number "),
    (re.compile(r"#(?=\d)"), "number "),
    (re.compile(r"[~≈](?=[ ]?\d)"), "about "),
    (re.compile(r"[ ]?×[ ]?"), " times "),
    (re.compile(r"[ ]?÷[ ]?"), " divided by "),
    (re.compile(r"&amp;"), "&"),
    (re.compile(r"\s&\s"), " and "),
)
_OTHER_SCRIPTS = re.compile("[\u0370-\u1dff\u2e80-\ud7ff]")
"""Greek, Cyrillic, Arabic, Indic, Chinese and the like: English words do not belong between them."""
_KEYCAP = re.compile("[0-9#*]\ufe0f?\u20e3")
_UNSPOKEN = frozenset("[]{}<>|\\#~^`\u00a6\u2022")
_UNSPOKEN_CATEGORIES = frozenset({"So", "Sk", "Cc", "Cf", "Cs", "Co", "Cn", "Me"})
_SPOKEN_MATHS = "+=±−"
_JOINERS = "\u200c\u200d"
_ENDS = ".!?…:;,。！？、；：؟،"
_CLOSERS = "\"'”’)»"


def speakable(text: str) -> str:
    """The words to say, single-spaced on one line; "" when nothing of it can be said."""
    text = _tidy_lines(_without_code(text))
    text = _LINK.sub(_short_link, text)
    for pattern, words in _MARKERS:
        text = pattern.sub(words, text)
    text = _KEYCAP.sub(" ", text)
    if not _OTHER_SCRIPTS.search(text):
        text = _read_in_english(text)
    text = "".join(map(_spoken_character, text))
    text = re.sub(r"(?<=[^\W\d_])/(?=[^\W\d_])|(?<=\s)/(?=\s)", " ", text)
    text = _join_lines(text)
    return text if any(c.isalnum() for c in text) else ""


def _without_code(text: str) -> str:
    fences = FenceFilter()
    return fences.feed(text) + fences.finish()


def _tidy_lines(text: str) -> str:
    text = text.replace("&nbsp;", " ")
    return "\n".join(" ".join(line.split()) for line in text.splitlines())


def _short_link(match: re.Match[str]) -> str:
    """Where a link leads, as one says it; a stop after the link stays."""
    link = match.group(0)
    stop = link[len(link.rstrip(".,;:!?")) :]
    return match.group(1).rstrip(".,;:!?").replace(".", " dot ") + stop


def _read_in_english(text: str) -> str:
    """What engines read badly, in words; other Latin languages share the few that this gets wrong."""
    text = _AMOUNT.sub(_amount_in_words, text)
    text = _RANGE.sub(_range_in_words, text)
    for pattern, words in _READINGS:
        text = pattern.sub(words, text)
    return text


def _range_in_words(match: re.Match[str]) -> str:
    """From a lower number to a higher; a score, a date or a telephone number is none."""
    low, high = match.groups()
    is_range = int(low) < int(high) and (len(low), len(high)) != (3, 4)
    return f"{low} to {high}" if is_range else match.group(0)


def _amount_in_words(match: re.Match[str]) -> str:
    sign, amount, scale = match.groups()
    return f"{amount}{scale} {_CURRENCIES[sign]}"


def _spoken_character(character: str) -> str:
    """The character, a plainer one, or a space for what has no sound."""
    if character.isascii() and character.isalnum():
        return character
    if character in _JOINERS:  # part of words in Persian and Indic scripts
        return character if character == _JOINERS[0] else ""
    if "\U0001d400" <= character <= "\U0001d7ff":  # bold and italic letters from outside the fonts
        return unicodedata.normalize("NFKC", character)
    if character.isspace() or character == "°":
        return character
    if character == "|":
        return ","
    if "\ufe00" <= character <= "\ufe0f":
        return ""
    return " " if character in _UNSPOKEN or _is_symbol(character) else character


def _is_symbol(character: str) -> bool:
    category = unicodedata.category(character)
    return category in _UNSPOKEN_CATEGORIES or (category == "Sm" and character not in _SPOKEN_MATHS)


def _join_lines(text: str) -> str:
    """One line; where a line or a paragraph ended without a stop, the voice still pauses."""
    spoken: list[str] = []
    for line in text.splitlines():
        words = re.sub(r" ([,.;:!?](?= |$))", r"\1", " ".join(line.split()))
        if not words:
            continue
        if spoken and spoken[-1].rstrip(_CLOSERS)[-1:] not in _ENDS:
            spoken[-1] += "."
        spoken.append(words)
    return " ".join(spoken)
