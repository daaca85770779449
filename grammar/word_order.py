"""The order of words, words said twice over, and phrases that belong together."""

from grammar.lexicon import BASES
from grammar.rule import PHRASE_END, Rule, rule

_BASE = "|".join(BASES)
_SHORT_MORE = (
    "better|worse|easier|bigger|smaller|cheaper|faster|older|younger|happier|taller|nicer|"
    "colder|hotter|stronger"
)
_SHORT_MOST = "best|worst|biggest|smallest|cheapest|fastest|oldest|tallest|nicest|happiest|easiest"
_LONG = "beautiful|important|interesting|expensive|difficult|dangerous|comfortable|popular"
_DONE_WELL = "plays?|speaks?|sings?|swims?|cooks?|dances?|drives?|writes?"

RULES: tuple[Rule, ...] = (
    rule(rf"\bmore (?={_SHORT_MORE}\b)", "", "The -er form already says 'more'."),
    rule(rf"\bmost (?={_SHORT_MOST}\b)", "", "The -est form already says 'most'."),
    rule(
        r"\bmore (good|bad)\b(?= than\b)",
        lambda m: {"good": "better", "bad": "worse"}[m[1].lower()],
        "'Good' and 'bad' have their own forms: better, worse.",
    ),
    rule(rf"\b({_LONG})er\b", r"more \1", "With a long adjective, say 'more'."),
    rule(
        r"\b(bigger|smaller|better|older|younger|taller|cheaper|faster|easier) (?:that|then) (?=(?:my|"
        r"me|you|him|her|the)\b)",
        r"\1 than ",
        "We compare with 'than'.",
    ),
    rule(
        r"\bI very (like|love|want|enjoy)\b", r"I really \1", "'Very' doesn't go with a verb; say 'really'."
    ),
    rule(
        r"\bI (like|love) very much (\w+)(?=\s*(?:[,.!?]|$))",
        r"I \1 \2 very much",
        "'Very much' comes after the object.",
    ),
    rule(
        rf"\b({_DONE_WELL}) ((?:\w+ )?(?:very |so )?)good{PHRASE_END}",
        r"\1 \2well",
        "How somebody does something is 'well', not 'good'.",
    ),
    rule(
        r"\bI no (have|like|want|know|understand|speak|go|can)\b",
        lambda m: "I can't" if m[1].lower() == "can" else f"I don't {m[1]}",
        "We say no to a verb with 'don't'.",
    ),
    rule(
        r"\bI not (have|like|want|know|understand|speak|go)\b",
        r"I don't \1",
        "We say no to a verb with 'don't'.",
    ),
    rule(
        r"\b(don't|didn't|doesn't) (have|know|want|like|see|eat|say|do|need) nothing\b",
        r"\1 \2 anything",
        "One 'no' is enough in an English sentence.",
    ),
    rule(
        r"\b(don't|didn't|doesn't) (know|like|see) nobody\b",
        r"\1 \2 anybody",
        "One 'no' is enough in an English sentence.",
    ),
    rule(
        rf"^(where|when|why|what|how) (you|we|they|I) ({_BASE})\b",
        r"\1 do \2 \3",
        "A question needs 'do' before the subject.",
    ),
    rule(
        r"^(what|where|why|how) (you|they|we) (are) (\w+ing)\b",
        r"\1 \3 \2 \4",
        "In a question, the verb comes before the subject.",
    ),
    rule(r"^how is called (this|that|it)\b", r"what is \1 called", "We ask: 'What is it called?'"),
    rule(
        r"\bhow many (?=(?:money|time|water)\b)", "how much ", "With things we can't count, say 'how much'."
    ),
    rule(
        r"\b(making|made|make) (my homework|homework|sport|sports)\b",
        lambda m: f"{ {'making': 'doing', 'made': 'did', 'make': 'do'}[m[1].lower()] } {m[2]}",
        "We 'do' homework and sport.",
    ),
    rule(
        r"\b(do|did|doing) (a mistake|mistakes|a decision|a party)\b",
        lambda m: f"{ {'do': 'make', 'did': 'made', 'doing': 'making'}[m[1].lower()] } {m[2]}",
        "We 'make' a mistake or a decision.",
    ),
    rule(
        r"^is (raining|snowing|cold today|hot today|sunny today|very important|very nice|very good)\b",
        r"it is \1",
        "An English sentence needs a subject.",
    ),
    rule(
        r"\b(because|but|and|so) is (very|good|nice|important|difficult|beautiful|cheap|expensive)\b",
        r"\1 it is \2",
        "An English sentence needs a subject.",
    ),
    rule(
        r"\b(a|the|my) (house|car|dog|cat|city|book|film) (big|small|beautiful|old|new|red|black|"
        r"white)(?=\s*(?:[,.!?]|$))",
        lambda m: m[0] if " is " in m.string or " was " in m.string else f"{m[1]} {m[3]} {m[2]}",
        "The adjective comes before the noun.",
    ),
    rule(
        r"\b(\w{2,}) (always|usually|often|never) (am|are|is)\b(?=\s\w)(?<!that )",
        lambda m: (
            f"{m[1]} {m[3]} {m[2]}" if m[1].lower() in {"he", "she", "it", "we", "they", "you"} else m[0]
        ),
        "'Always' and 'never' come after 'be'.",
    ),
)
