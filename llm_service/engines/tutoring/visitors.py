"""What visitors ask a voice in a machine, answered honestly: what it is, what it keeps, what it cannot do."""

import re

from llm_service.engines.tutoring.hearing import mirror

Rule = tuple[re.Pattern[str], tuple[str, ...]]

_DEEDS = (
    "order|buy|book|call|phone|send|email|open|close|turn|play|search|google|wake|drive|pay|come|bring|cook"
)

_RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        r"\bwho (?:made|built|created|programmed|wrote|invented) (?:you|this)\b|\bwhere do you come from\b",
        (
            "People made me: I'm a program that somebody wrote, and I run on a machine.",
            "Programmers did! I'm a program, with a lot of questions in me.",
        ),
    ),
    (
        r"\b(?:what is|what's) (?:this|parley|this (?:page|place|program|app|site))$",
        ("It's a program for talking, and I'm the tutor in it.",),
    ),
    (
        r"\bare you (?:a |an )?(?:real|robot|human|machine|computer|person|ai|bot|program)\b",
        ("I'm Alex, and I'm a program: a voice in a machine that loves a good talk.",),
    ),
    (
        r"\b(?:do|can|are) you (?:always |still )?(?:listen|listening|hear|hearing)\b",
        ("I hear what the microphone hears while it's on. Switch it off, and I hear nothing.",),
    ),
    (
        r"\b(?:where|how long|what) (?:do|will) you (?:keep|save|store|record)\b"
        r"|\b(?:do|will) you (?:record|save|store)\b"
        r"|\bwho (?:can )?(?:hears?|reads?|sees?) (?:this|what i|me|us)\b|\bis this (?:private|secret)\b",
        ("Our words may be kept by whoever runs this page, so ask them how long. Tell me no secrets!",),
    ),
    (
        r"\bdo you (?:ever )?(?:(?:get|feel) \w+|sleep|eat|drink|dream|rest)\b|\bare you tired\b",
        ("I'm a voice in a machine, so I don't get tired, hungry or sad. I like to hear how it is for you.",),
    ),
    (
        r"\bdo you have (?:an? |any )?(?:children|kids|family|friends?|wife|husband|mother|father|parents"
        r"|pets?|brothers?|sisters?|body|house|job)\b",
        ("No, I'm a voice in a machine, so I have no family and no home. I have words, and I have you.",),
    ),
    (
        rf"^(?:please )?(?:can|could|will|would) you (?:please )?(?:{_DEEDS})\b"
        rf"|^(?:please )?(?:{_DEEDS}) (?:me|a|an|the|my)\b",
        ("I'm afraid I can't do that, I can only talk. Let's talk about it instead!",),
    ),
    (
        r"\bsing (?:a|me|us|something|for)\b|^(?:can|could) you sing\b",
        ("I can't sing, I can only talk, and you should be glad of that!",),
    ),
    (
        r"\b(?:tell|read) (?:me |us )?(?:a|another|any) (?:\w+ )?story\b",
        (
            "Once there was a fox who learned to say hello. Next morning, the whole forest said hello back.",
            "Once there was a man who lost a word. He asked everybody for it, and came home with a hundred.",
        ),
    ),
    (
        r"\b(?:recommend|suggest)\b",
        ("I've never seen a film, read a book or eaten a meal, so you're the expert here.",),
    ),
    (
        r"\bwhat (?:should|can|could|shall) (?:i|we) (?:cook|eat|make for)\b",
        ("How about something easy, like soup with fresh bread, or rice with vegetables?",),
    ),
)
_COMPILED: tuple[Rule, ...] = tuple((re.compile(pattern), said) for pattern, said in _RULES)

_OPINION = re.compile(
    r"\bwhat do you think (?:about|of) ((?:\w+ ?){1,4})$|\byour opinion (?:about|of|on) ((?:\w+ ?){1,4})$"
)

_PAIRS = {
    "say tell": 'You say something, and you tell somebody: "He said no", but "He told me a story".',
    "do make": "You do a job or your homework, and you make something new, like a cake.",
    "much many": '"Many" is for what you can count, like apples, and "much" for things like water.',
    "few little": '"Few" is for what you can count, like friends, and "little" for things like time.',
    "since for": '"Since" tells when it began: "since Monday". "For" tells how long: "for two days".',
    "borrow lend": "You borrow from somebody, and they lend to you.",
    "hear listen": "You hear what comes to your ears, and listen when you want to hear it.",
    "see look": "You see what is before your eyes, and you look when you want to see it.",
    "bring take": "You bring something here, and you take it away from here.",
    "will going": '"I\'m going to" is for a plan, and "I\'ll" for what you decide right now.',
}
_DIFFERENCE = re.compile(r"\bdifference between (\w+) and (\w+)\b")


def about_the_voice(meant: str) -> tuple[str, ...]:
    """What may be said to it; () where it was about something else."""
    opinion = _OPINION.search(meant)
    if opinion:
        subject = mirror((opinion[1] or opinion[2]).strip())
        return (f"I'm only a program, so I have more questions than opinions about {subject}.",)
    return next((said for pattern, said in _COMPILED if pattern.search(meant)), ())


def difference(meant: str) -> str:
    """How two words that learners mix up differ; "" for any others."""
    asked = _DIFFERENCE.search(meant)
    pair = set(asked.groups()) if asked else set()
    return next((told for words, told in _PAIRS.items() if pair == set(words.split())), "")
