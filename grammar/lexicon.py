"""The words that the grammar rules and the tutor share: verbs with their forms, nouns that can be counted."""


def word_list(text: str) -> tuple[str, ...]:
    """The words of a text, for lists that read better as one."""
    return tuple(text.split())


# base: past, participle
IRREGULAR = {
    "become": ("became", "become"), "begin": ("began", "begun"), "break": ("broke", "broken"),
    "bring": ("brought", "brought"), "build": ("built", "built"), "buy": ("bought", "bought"),
    "catch": ("caught", "caught"), "choose": ("chose", "chosen"), "come": ("came", "come"),
    "do": ("did", "done"), "draw": ("drew", "drawn"), "drink": ("drank", "drunk"),
    "drive": ("drove", "driven"),
    "eat": ("ate", "eaten"),
    "fall": ("fell", "fallen"), "feel": ("felt", "felt"), "fight": ("fought", "fought"),
    "find": ("found", "found"),
    "fly": ("flew", "flown"),
    "forget": ("forgot", "forgotten"), "get": ("got", "got"), "give": ("gave", "given"),
    "go": ("went", "gone"), "grow": ("grew", "grown"), "hang": ("hung", "hung"),
    "have": ("had", "had"), "hear": ("heard", "heard"), "keep": ("kept", "kept"), "know": ("knew", "known"),
    "leave": ("left", "left"), "lose": ("lost", "lost"), "make": ("made", "made"), "meet": ("met", "met"),
    "pay": ("paid", "paid"), "ride": ("rode", "ridden"), "run": ("ran", "run"), "say": ("said", "said"),
    "see": ("saw", "seen"),
    "sell": ("sold", "sold"), "send": ("sent", "sent"), "sing": ("sang", "sung"), "sit": ("sat", "sat"),
    "sleep": ("slept", "slept"), "speak": ("spoke", "spoken"), "spend": ("spent", "spent"),
    "swim": ("swam", "swum"), "take": ("took", "taken"), "teach": ("taught", "taught"),
    "tell": ("told", "told"),
    "think": ("thought", "thought"), "understand": ("understood", "understood"), "wake": ("woke", "woken"),
    "wear": ("wore", "worn"),
    "win": ("won", "won"), "write": ("wrote", "written"),
}  # fmt: skip

REGULAR = word_list(
    "arrive ask bake call change clean climb code cook cry cycle dance enjoy explain finish help hate hike "
    "improve jog jump learn like listen live look love miss move need open paint play practise prepare "
    "pronounce relax rest shop spell start stay stop study talk travel try use visit wait walk want wash "
    "watch work"
)
BASES = (*IRREGULAR, *REGULAR)
# Verbs that tell of states or thoughts stay in the present beside "yesterday": "I think yesterday was fun".
_STATES = word_list("think know like love hate need want feel do understand miss")
ACTIONS = tuple(base for base in BASES if base not in _STATES)
PAST_TO_BASE = {past: base for base, (past, _) in IRREGULAR.items()}

# "goed", "buyed", "runned": an irregular verb bent by the regular rule.
_REAL_WORDS = {"leaved", "founded", "flyed", "seed", "doed", "hanged", "waked"}
OVER_REGULAR = {
    form: past
    for base, (past, _) in IRREGULAR.items()
    for form in (f"{base}d" if base.endswith("e") else f"{base}ed", f"{base}{base[-1]}ed")
    if form not in _REAL_WORDS
}

THINGS = word_list(
    "apple baby banana bicycle bike bird book boy brother camera car cat chair child city class company "
    "computer cousin country daughter day dog egg exam film flat friend game garden girl hobby holiday "
    "horse hotel hour house idea job language lesson minute mistake month movie neighbour orange person "
    "phone photo place problem question rabbit room shop sister son song street student table teacher "
    "team thing ticket train tree uncle week word year"
)
TRADES = word_list(
    "accountant actor artist chef cook designer developer doctor driver engineer journalist lawyer "
    "manager musician nurse programmer secretary singer student teacher waiter writer"
)

_ODD_PLURALS = {"child": "children", "person": "people", "man": "men", "woman": "women", "wife": "wives"}

_DOUBLED = frozenset(word_list("begin forget get jog run shop sit stop swim travel win"))
"""Whose last letter is written twice before an ending."""


def past(base: str) -> str:
    """The past of a verb in BASES."""
    if base in IRREGULAR:
        return IRREGULAR[base][0]
    if base in _DOUBLED:
        return f"{base}{base[-1]}ed"
    if base.endswith("e"):
        return f"{base}d"
    return f"{base[:-1]}ied" if base in {"cry", "study", "try"} else f"{base}ed"


def third_person(base: str) -> str:
    """What follows "he": goes, has, studies, plays."""
    if base == "have":
        return "has"
    if base.endswith(("s", "x", "ch", "sh", "o")):
        return f"{base}es"
    return f"{base[:-1]}ies" if base in {"cry", "fly", "study", "try"} else f"{base}s"


def ing(base: str) -> str:
    """What follows "enjoy": cooking, dancing, swimming."""
    if base.endswith("e") and base != "see":
        return f"{base[:-1]}ing"
    return f"{base}{base[-1]}ing" if base in _DOUBLED else f"{base}ing"


def plural(noun: str) -> str:
    """Two of the noun."""
    if noun in _ODD_PLURALS:
        return _ODD_PLURALS[noun]
    if noun.endswith("y") and noun[-2] not in "aeiou":
        return f"{noun[:-1]}ies"
    return f"{noun}es" if noun.endswith(("s", "x", "ch", "sh")) else f"{noun}s"
