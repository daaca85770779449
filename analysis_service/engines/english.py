"""Whether what was said is English: the rules know nothing else, and find no mistake in other languages."""

from collections.abc import Sequence

from grammar.lexicon import IRREGULAR, REGULAR, word_list

LEAST_SHARE = 0.1
FEWEST_OTHERS = 3

_SHARED = frozenset(
    word_list(
        "a an i in on so was do he me no as is we am it to or at by for her had of die be of one man art"
    )
)
"""English words that are also words of its neighbours: they say nothing."""
_COMMON = frozenset(
    word_list(
        "the and you my have has are they she his this that these those there with from what when where why "
        "how because but not don't doesn't didn't i'm it's i've i'll he's she's can't won't let's isn't "
        "wasn't would could should can will been were did does yes yesterday today tomorrow people friend "
        "friends good really time day days week year years school home then your our their them him about "
        "every always sometimes never more than please thank thanks hello which who very much many some "
        "something going new old big small nice bad happy name brother sister mother father family house "
        "book books money water food cat dog car bus city country english teacher student only also often "
        "usually after before last next"
    )
)
_VERBS = {form for base, forms in IRREGULAR.items() for form in (base, f"{base}s", *forms)} | {
    verb + ending for verb in REGULAR for ending in ("", "s", "d", "ed", "ing")
}
_ENGLISH = _COMMON | _VERBS


def is_english(words: Sequence[str]) -> bool:
    """False only where enough was said to be sure. `words`: in lower case."""
    telling = [word for word in words if word not in _SHARED]
    known = sum(word in _ENGLISH for word in telling)
    return len(telling) < FEWEST_OTHERS or known >= LEAST_SHARE * len(telling)
