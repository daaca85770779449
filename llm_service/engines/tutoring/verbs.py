"""The verbs that the tutor can bend: base, past, third person and -ing form."""

import re

from llm_service.engines.tutoring.words import word_set

IRREGULAR_PAST = {
    "be": "was", "become": "became", "begin": "began", "break": "broke", "bring": "brought",
    "build": "built", "buy": "bought", "catch": "caught", "choose": "chose", "come": "came",
    "do": "did", "drink": "drank", "drive": "drove", "eat": "ate", "fall": "fell", "feel": "felt",
    "fight": "fought", "find": "found", "fly": "flew", "forget": "forgot", "get": "got", "give": "gave",
    "go": "went", "have": "had", "hear": "heard", "keep": "kept", "know": "knew", "leave": "left",
    "lose": "lost", "make": "made", "meet": "met", "pay": "paid", "ride": "rode", "run": "ran",
    "say": "said", "see": "saw", "sell": "sold", "send": "sent", "sing": "sang", "sit": "sat",
    "sleep": "slept", "speak": "spoke", "spend": "spent", "swim": "swam", "take": "took", "teach": "taught",
    "tell": "told", "think": "thought", "understand": "understood", "wake": "woke", "wear": "wore",
    "win": "won", "write": "wrote",
}  # fmt: skip

REGULAR = word_set(
    "ask bake call clean climb cook cycle dance draw help hike jog jump learn like listen live look love "
    "move need open paint play practise rest shop start stay stop study talk travel try use visit wait "
    "walk want wash watch work"
) - {"draw"}

BASES = (
    REGULAR | IRREGULAR_PAST.keys() - {"be"} | {"draw", "grow", "read", "relax", "improve", "code", "hang"}
)

# What a learner makes of an irregular verb by the regular rule: "goed", "eated", "runned".
OVER_REGULAR = {
    form: past
    for base, past in IRREGULAR_PAST.items()
    if base not in {"be", "do", "see", "fly", "wake", "find", "leave", "found"}
    for form in (f"{base}d" if base.endswith("e") else f"{base}ed", f"{base}{base[-1]}ed")
} | {"maked": "made", "writed": "wrote", "leaved": "left", "finded": "found"}

_SHORT_VOWEL_STOP = re.compile(r"[^aeiou]*[aeiou][bdgmnprt]")


def past(base: str) -> str:
    """The past of a verb in BASES."""
    if base in IRREGULAR_PAST:
        return IRREGULAR_PAST[base]
    if base == "read":
        return base
    if base.endswith("e"):
        return f"{base}d"
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ied"
    return f"{_doubled(base)}ed"


def third_person(base: str) -> str:
    """What follows "he": goes, has, studies, plays."""
    if base == "have":
        return "has"
    if base.endswith(("s", "x", "ch", "sh", "o")):
        return f"{base}es"
    if base.endswith("y") and base[-2] not in "aeiou":
        return f"{base[:-1]}ies"
    return f"{base}s"


def ing(base: str) -> str:
    """What follows "enjoy": cooking, dancing, swimming."""
    if base.endswith("e") and not base.endswith("ee"):
        return f"{base[:-1]}ing"
    return f"{_doubled(base)}ing"


def _doubled(base: str) -> str:
    return base + base[-1] if _SHORT_VOWEL_STOP.fullmatch(base) or base in {"begin", "forget"} else base
