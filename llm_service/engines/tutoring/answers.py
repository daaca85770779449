"""Answers to what people really ask a tutor. Each answer leaves the next question to the dialogue."""

import re
from collections.abc import Callable

from llm_service.engines.tutoring import idioms
from llm_service.engines.tutoring.glossary import meaning_of
from llm_service.engines.tutoring.hearing import mirror
from llm_service.engines.tutoring.learner import recall
from llm_service.engines.tutoring.phrases import ByLevel
from llm_service.engines.tutoring.talk import Talk
from llm_service.engines.tutoring.visitors import about_the_voice, difference

Answer = Callable[[Talk, re.Match[str]], str]

LONGEST_SPELLED = 15


def answer(talk: Talk) -> str | None:
    """What to say to a question put to the tutor; None when the learner asked nothing that it knows."""
    if honest := about_the_voice(talk.meant):
        return talk.pick(honest)
    for pattern, reply in _ANSWERS:
        if match := pattern.search(talk.meant):
            return reply(talk, match)
    return None


def is_beyond(talk: Talk) -> bool:
    """Whether `answer` only owns that it does not know."""
    if about_the_voice(talk.meant):
        return False
    found = ((match, reply) for pattern, reply in _ANSWERS if (match := pattern.search(talk.meant)))
    match, reply = next(found, (None, None))
    if match is not None and match.re.pattern == _WHAT_IS.pattern:
        return not (meaning_of(match[1]) or idioms.meaning_of(match[1]))
    return reply is _unknown or (reply is _difference and not difference(talk.meant))


def _one_of(*options: str) -> Answer:
    return lambda talk, _: talk.pick(options)


def _by_level(options: ByLevel) -> Answer:
    return lambda talk, _: talk.pick(options[talk.level])


def _meaning(talk: Talk, match: re.Match[str]) -> str:
    word = next(group for group in match.groups() if group)
    meaning = meaning_of(word) or idioms.meaning_of(word)
    if meaning:
        return f'Good question! "{word.strip().capitalize()}" means {meaning}.'
    if match.re.pattern == _WHAT_IS.pattern:
        return _unknown(talk, match)
    return f'Ah, "{word}"! I\'d love to help you guess that one. Try to put it in a sentence for me.'


def _spelling(_: Talk, match: re.Match[str]) -> str:
    word = match[1][:LONGEST_SPELLED]
    return f'Of course! "{word.capitalize()}" is spelled {", ".join(word.upper())}.'


def _difference(talk: Talk, match: re.Match[str]) -> str:
    told = difference(match.string)
    return f"Good question! {told}" if told else _unknown(talk, match)


def _pronunciation(_: Talk, match: re.Match[str]) -> str:
    word = match[1][:LONGEST_SPELLED]
    return f"Sure, listen to me: {word}. Once more, slowly: {word}. Now you say it!"


def _how_to_say(talk: Talk, _: re.Match[str]) -> str:
    options = (
        "I only know English, so describe it to me in easy words and we'll find the right one together.",
        "Tell me what it looks like or what it's for, and I'll help you find the English word.",
    )
    return "Good question! " + talk.pick(options)


def _name_again(talk: Talk, _: re.Match[str]) -> str:
    if talk.name:
        return f"Of course I remember, you're {talk.name}!"
    return "You haven't told me your name yet, and I'd love to know it!"


def _memory(talk: Talk, _: re.Match[str]) -> str:
    known = [f"your name is {talk.name}"] if talk.name else []
    known += recall(talk.old_facts)[:3]
    if not known:
        return "Not much yet, so I'm curious about you!"
    told = " and ".join([", ".join(known[:-1]), known[-1]] if known[1:] else known)
    return f"I've been listening! I know that {told}."


def _repeat(talk: Talk, _: re.Match[str]) -> str:
    questions = re.findall(r"[^.!?]+\?", talk.last.before)
    if not questions:
        return "Of course! I'll speak slowly and clearly."
    asked = questions[-1].strip(' "')
    return f"Of course, no problem! My question was: {asked}"


def _likes(_: Talk, match: re.Match[str]) -> str:
    thing = mirror(" ".join(match[1].split()[:3]))
    return f"I really like talking about {thing}! I'm always curious what other people think of it."


def _advice(talk: Talk, _: re.Match[str]) -> str:
    return talk.pick(
        (
            "The best way is to speak a little every day, just like now.",
            "Listen to something you enjoy in English, and say the good sentences aloud.",
            "Don't be afraid of mistakes; every one of them is a small step forward.",
        )
    )


def _unknown(talk: Talk, _: re.Match[str]) -> str:
    return talk.pick(
        (
            "That's a great question! I know more about English, but I love that you're curious.",
            "Good question! I'm no expert there; I'm much better with words.",
            "I wish I knew! That's a question worth asking.",
        )
    )


_ABILITIES: ByLevel = {
    "beginner": ("I can talk with you every day! We talk, and your English grows.",),
    "intermediate": (
        "We can chat about anything you like, and I'll help you with words and grammar as we go.",
    ),
    "advanced": (
        "Pick any subject and I'll keep up; I'll throw in the odd idiom and smooth things out as we go.",
    ),
}
_HELP: ByLevel = {
    "beginner": ("Of course I help you! You speak, and I listen.", "I'm here to help! Use easy words."),
    "intermediate": ("Of course I'll help! Just talk to me, and don't worry about mistakes.",),
    "advanced": ("Happy to help! Talk away, and we'll iron out any wrinkles as we go.",),
}
_I_AM_ALEX: ByLevel = {
    "beginner": ("I'm Alex! I'm your English tutor.",),
    "intermediate": ("I'm Alex, your English tutor, and chatting is my favourite part of the job.",),
    "advanced": ("I'm Alex, your English tutor and a firm believer in learning by talking.",),
}
_HOW_I_AM: ByLevel = {
    "beginner": ("I'm very well, thank you!", "I'm good today, thank you!"),
    "intermediate": (
        "I'm doing really well, thanks for asking!",
        "I'm great, and even better now that we're talking!",
    ),
    "advanced": ("I'm in fine fettle, thanks for asking.", "Can't complain, thanks; I'm raring to go."),
}
_THANKS: ByLevel = {
    "beginner": ("You're welcome! You do very well.", "My pleasure! You speak nicely."),
    "intermediate": ("You're very welcome! You're doing really well.", "My pleasure, I'm enjoying this."),
    "advanced": ("Don't mention it; the pleasure's all mine.", "Any time! You make my job easy."),
}
_TIME: ByLevel = {
    "beginner": ("I don't have a clock, but it's always English time here!",),
    "intermediate": (
        "I'm afraid I don't have a clock or a calendar, but it's always a good time for English!",
    ),
    "advanced": (
        "I'm hopeless with clocks and calendars, I'm afraid; I lose track of time when the talk is good.",
    ),
}
_CORRECTING: ByLevel = {
    "beginner": ("Yes, of course! I say the right sentence, and you listen.",),
    "intermediate": ("Of course! When something isn't quite right, I say it back the way it should sound.",),
    "advanced": ("Certainly! Keep an ear out: whenever something's off, I'll slip in the right version.",),
}
_COMPLIMENT: ByLevel = {
    "beginner": ("Thank you! You are very kind.", "Oh, thank you! You make me happy."),
    "intermediate": ("Oh, thank you, that's kind of you!", "Thanks, you've just made my day!"),
    "advanced": ("Flattery will get you everywhere, thank you!", "You're too kind; I'm blushing."),
}
_INSULT: ByLevel = {
    "beginner": ("Oh! I still like to talk with you.", "Okay! I try to do better."),
    "intermediate": ("Ouch! I'll try to do better, I promise.", "Fair enough, let me try harder."),
    "advanced": (
        "Ouch! I'll take that on the chin and try to do better.",
        "Point taken; I'll pull my socks up.",
    ),
}
_BORED: ByLevel = {
    "beginner": ("Okay! Let's make it fun, just one easy question.",),
    "intermediate": ("I get it, some days are like that! Let's keep it light.",),
    "advanced": ("Fair enough, let's liven things up a bit.",),
}
_CURIOUS: ByLevel = {
    "beginner": ("Because I want to know you better!",),
    "intermediate": ("Just because I'm curious about you!",),
    "advanced": ("Sheer curiosity; I can't help myself.",),
}
_JOKES = (
    "Okay! Why did the student eat the homework? Because the teacher said it was a piece of cake!",
    "Here's one! What has four wheels and flies? A rubbish lorry!",
    "Let me think! Why is six afraid of seven? Because seven, eight, nine!",
)
_ABOUT_ME: ByLevel = {
    "beginner": ("Me? I love words and good stories.",),
    "intermediate": ("Me? I spend my days talking with learners like you, and I love it.",),
    "advanced": ("Me? I live for words, so a good conversation is my idea of heaven.",),
}

_WHAT_IS = re.compile(r"^(?:please )?(?:tell me )?what(?:'s| is| are) (?:an? |the )?([\w' ]+)$")
_NICE = "nice|kind|funny|great|good|very good|amazing|smart|the best|cool|awesome|a good teacher"
_RUDE = "stupid|bad|boring|annoying|useless|an idiot|not good|terrible|wrong|crazy"
_QUESTIONS: tuple[tuple[str, Answer], ...] = (
    (r"\bcorrect (?:me|my)\b|\bmy mistakes\b", _by_level(_CORRECTING)),
    (
        rf"\b(?:you're|you are) (?:so |very |really )?(?:{_NICE})$|\bi (?:like|love) you\b",
        _by_level(_COMPLIMENT),
    ),
    (rf"\b(?:you're|you are) (?:so |very |really )?(?:{_RUDE})$|\bi hate you\b", _by_level(_INSULT)),
    (r"\bi(?:'m| am) (?:so |very )?bored\b|\bdon't want to (?:talk|speak)\b", _by_level(_BORED)),
    (r"\bdifference between\b", _difference),
    (r"^why(?: not| do you ask)?$", _by_level(_CURIOUS)),
    (r"\b(?:about yourself|about alex)\b", _by_level(_ABOUT_ME)),
    (r"\bwhat (?:does|do|is|did) (?:the )?(?:word )?([\w' ]{2,40}?) (?:mean|means|meaning)\b", _meaning),
    (
        r"\b(?:meaning of|(?<!he )(?<!they )(?<!i )explain|define) (?:to me )?(?:the )?(?:word )?"
        r"([\w']{2,30}(?: [\w']+){0,4})$",
        _meaning,
    ),
    (r"\b(?:how (?:do|can|to|should) (?:you |i |we )?spell|spelling of) (?:the word )?(\w+)", _spelling),
    (r"\bhow (?:do|can|to|should) (?:you |i |we )?pronounce (?:the word )?(\w+)", _pronunciation),
    (r"\bhow (?:do|can|to|should) (?:you |i |we )?say\b", _how_to_say),
    (r"\b(?:repeat|say (?:that|it) again|once more|pardon|slower|slowly|more slow|didn't hear)\b", _repeat),
    (r"\bi (?:don't|do not|didn't|can't) understand\b", _repeat),
    (r"\b(?:what is|what's|do you (?:know|remember)) my name\b", _name_again),
    (
        r"\bwhat (?:do you|did i) (?:know|remember|tell you|say)(?: about me)?$|\bremember (?:about )?me\b",
        _memory,
    ),
    (
        r"\b(?:what is|what's) your name\b|\bwho are you\b|\bwhat are you\b|\byour name$",
        _by_level(_I_AM_ALEX),
    ),
    (
        r"\b(?:where are you from|where do you live|how old are you|do you have (?:a |any )?\w+)\b",
        _by_level(_ABOUT_ME),
    ),
    (
        r"\bhow are you\b|\bhow do you do\b|\bhow(?:'s| is) it going\b|\bwhat's up\b|\bhow you doing\b",
        _by_level(_HOW_I_AM),
    ),
    (
        r"\bwhat (?:can|do) you do(?: here| for me| with me)?$"
        r"|\bhow (?:can|do) (?:you help|we start|it work)\b|\bwhat can we\b",
        _by_level(_ABILITIES),
    ),
    (
        r"\bwhat (?:time|day|date) is\b|\bwhat is the (?:time|date|day)\b|\bwhat day\b|\btime is it\b",
        _by_level(_TIME),
    ),
    (r"\b(?:tell|know|say) (?:me )?(?:a |any |another )?(?:joke|funny)", _one_of(*_JOKES)),
    (r"\bhow (?:do|can|should|to) (?:i |we )?(?:improve|learn|practi[sc]e|get better|study)\b", _advice),
    (r"^what should i do$", _advice),
    (r"^(?:please )?(?:can you |could you )?help(?: me)?\b|\bi need (?:your )?help\b", _by_level(_HELP)),
    (r"\bthank(?:s| you)\b", _by_level(_THANKS)),
    (r"\bdo you (?:like|love|enjoy) ([\w' ]+)", _likes),
    (r"^(?:and |what about |how about )(?:you|yourself)$", _by_level(_ABOUT_ME)),
    (r"\bsorry\b", _one_of("No need to be sorry, you're doing fine!", "Don't worry about that at all!")),
    (_WHAT_IS.pattern, _meaning),
    (
        r"^(?:what|who|where|when|why|how|which)(?:'s| \w+)? (?:is|are|was|were|do|does|did|can|could|"
        r"will|would|many|much|should)\b|^(?:is|are|can|could|do|does|did|will|would|should) (?:you|he|"
        r"she|it|we|they|i|there|the|this|that)\b",
        _unknown,
    ),
)
_ANSWERS = tuple((re.compile(pattern), reply) for pattern, reply in _QUESTIONS)
