"""Small words after verbs and adjectives, and before times and places."""

from grammar.rule import Rule, rule

_DAY = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_SKILL = (
    "tennis|football|maths?|math|english|sports?|cooking|singing|swimming|chess|music|drawing|"
    "dancing|languages"
)

RULES: tuple[Rule, ...] = (
    rule(rf"\b(good|bad) in (?=(?:{_SKILL})\b)", r"\1 at ", "We are good or bad 'at' something."),
    rule(
        r"\b(listen|listens|listened|listening) (?=(?:music|songs|podcasts|radio|the radio|the music|"
        r"my music|me|him|her)\b)",
        r"\1 to ",
        "We listen 'to' something.",
    ),
    rule(r"\b(go|goes|went|come|came|going|coming) to home\b", r"\1 home", "We go home, without 'to'."),
    rule(r"\b(depend|depends) (?:of|from)\b", r"\1 on", "It depends 'on' something."),
    rule(
        r"\binterested (?:on|about|for|to) (?!(?:hear|learn|know|see)\b)",
        "interested in ",
        "We are interested 'in' something.",
    ),
    rule(
        r"\bmarried with\b(?! (?:two|three|four|a|one|kids|children)\b)",
        "married to",
        "Somebody is married 'to' somebody.",
    ),
    rule(rf"\bin (?:the )?({_DAY})(s?)\b", r"on \1\2", "With days, say 'on'."),
    rule(
        r"\bat (?:the )?(?=(?:january|february|april|june|july|august|september|october|november|"
        r"december)\b)",
        "in ",
        "With months, say 'in'.",
    ),
    rule(r"\b(arrive|arrives|arrived) to\b", r"\1 at", "We arrive 'at' a place or 'in' a city."),
    rule(r"\b(discuss|discussed|discussing) about\b", r"\1", "We discuss something, without 'about'."),
    rule(
        r"\b(wait|waits|waited|waiting) (?=(?:him|her|them|me|you|the bus|the train|my friend)\b)",
        r"\1 for ",
        "We wait 'for' somebody or something.",
    ),
    rule(
        r"\bexplain (me|him|her|us|them)\b(?! to\b)", r"explain to \1", "We explain something 'to' somebody."
    ),
    rule(r"\bsaid (me|him|us|them)\b", r"told \1", "We tell somebody, or say something to somebody."),
    rule(r"\bafraid from\b", "afraid of", "We are afraid 'of' something."),
    rule(r"\bdifferent (?:of|with)\b", "different from", "One thing is different 'from' another."),
    rule(
        r"\bsince ((?:two|three|four|five|six|seven|eight|nine|ten|many|\d+) (?:days|weeks|months|"
        r"years|hours))\b(?! ago\b)",
        r"for \1",
        "For a length of time, say 'for'; for its start, 'since'.",
    ),
    rule(r"\bin (?:the )?weekend\b", "at the weekend", "We say 'at the weekend'."),
    rule(r"\b(ask|asked|asks) to (me|him|her|them|us)\b", r"\1 \2", "We ask somebody, without 'to'."),
    rule(
        r"\b(call|called|phone|phoned) to (me|him|her|them|my \w+)\b",
        r"\1 \2",
        "We call somebody, without 'to'.",
    ),
    rule(r"\b(participate|participated) (?:to|at)\b", r"\1 in", "We participate 'in' something."),
    rule(r"\b(enter|entered) (?:in|into|to) (?=the\b|my\b)", r"\1 ", "We enter a place, without 'in'."),
    rule(r"\b(?:in|at) the (left|right) side\b", r"on the \1 side", "We say 'on' the left or right side."),
    rule(
        r"\b(going|went|go|travel|travelled) in (?=(?:japan|london|paris|france|spain|italy|germany|"
        r"england|america|china)\b)",
        r"\1 to ",
        "With movement, say 'to'.",
    ),
    rule(r"\bby (?:my )?foot\b", "on foot", "We go 'on' foot."),
)
