"""One and many: missing and doubled plurals, and nouns that can't be counted."""

from grammar.lexicon import THINGS, plural
from grammar.rule import PHRASE_END, Rule, rule

_THING = "|".join(THINGS)
_THINGS = "|".join(plural(noun) for noun in THINGS if noun not in {"person", "child"})
_SINGULAR = {plural(noun): noun for noun in THINGS}
_NUMBER = (
    r"two|three|four|five|six|seven|eight|nine|ten|twenty|many|several|a few|some|a lot of|both|"
    r"these|those|[2-9]|\d\d"
)
_UNCOUNTED = "information|advice|homework|furniture|equipment|luggage|knowledge"
_ONE = {"childs": "children", "mans": "men", "womans": "women", "persons": "people", "peoples": "people"}
_STUFF = "money|time|water|work|food|music|homework|information|rain|traffic|coffee|milk|sugar"

RULES: tuple[Rule, ...] = (
    rule(
        rf"\b(?<!one of )(two|three|four|five|six|seven|eight|nine|ten|twenty|many|several|a few|both|"
        rf"[2-9]|[2-9]\d) ({_THING}){PHRASE_END}",
        lambda m: f"{m[1]} {plural(m[2].lower())}",
        "After a number bigger than one, the noun is plural.",
    ),
    rule(
        rf"\b(these|those|a lot of) ({_THING}){PHRASE_END}",
        lambda m: f"{m[1]} {plural(m[2].lower())}",
        "With more than one, the noun is plural.",
    ),
    rule(
        rf"\bone of (my|the|our|his|her) (?:(best|favou?rite|good) )?({_THING}){PHRASE_END}",
        lambda m: f"one of {m[1]} {m[2] + ' ' if m[2] else ''}{plural(m[3].lower())}",
        "After 'one of', the noun is plural.",
    ),
    rule(r"\b(childs|mans|womans)\b", lambda m: _ONE[m[1].lower()], "This noun has its own plural."),
    rule(r"\b(children|people|men|women)s\b(?! rights)", r"\1", "This word is plural already."),
    rule(rf"\b({_UNCOUNTED})s\b", r"\1", "This word can't be counted, so it has no plural."),
    rule(
        rf"\b(a|an|another) ({_THINGS}){PHRASE_END}",
        lambda m: f"{m[1]} {_SINGULAR[m[2].lower()]}",
        "After 'a', the noun is singular.",
    ),
    rule(rf"\b(this) ({_THINGS}){PHRASE_END}", r"these \2", "With more than one, say 'these'."),
    rule(
        rf"\b(every|each) ({_THINGS}){PHRASE_END}",
        lambda m: f"{m[1]} {_SINGULAR[m[2].lower()]}",
        "After 'every', the noun is singular.",
    ),
    rule(rf"\bmuch (people|friends|things|{_THINGS})\b", r"many \1", "With things we can count, say 'many'."),
    rule(rf"\bmany (?=(?:{_STUFF})\b(?! \w+s\b))", "much ", "With things we can't count, say 'much'."),
    rule(
        r"\b(very|so|too|really) (beautifuls|importants|interestings|differents|bigs|goods|difficults)\b",
        lambda m: f"{m[1]} {m[2][:-1]}",
        "An adjective has no plural.",
    ),
    rule(
        r"\b(beautiful|important|interesting|different|difficult|expensive)s (?=\w)",
        r"\1 ",
        "An adjective has no plural.",
    ),
)
