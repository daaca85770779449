"""Alex's next reply: what the learner did, what to say to it, and how to keep the floor moving.

Pure and total: any conversation gets a warm reply of two to four sentences in plain speech.
"""

import re
from dataclasses import dataclass

from llm_service.engine import Prompt
from llm_service.engines.tutoring import phrases
from llm_service.engines.tutoring.answers import answer
from llm_service.engines.tutoring.asides import questions_about
from llm_service.engines.tutoring.beyond import Beyond, beyond
from llm_service.engines.tutoring.hearing import capitalise
from llm_service.engines.tutoring.learner import recall
from llm_service.engines.tutoring.recast import recast
from llm_service.engines.tutoring.talk import Talk
from llm_service.engines.tutoring.topics import BY_NAME

MOVE_ON_AFTER = 4  # questions on one topic, when the learner adds nothing new to it
IDIOM_EVERY = 3
NAME_EVERY = 3

_BYE = re.compile(
    r"\b(?:good ?bye|bye|good night|see you|talk to you later)\b"
    r"|\bi (?:have|need|must) (?:to )?(?:go|leave) now\b"
)
_HELLO = re.compile(r"^(?:hello|hi|hey|good (?:morning|afternoon|evening))\b")
_COMMAND = re.compile(
    r"^(?:please )?(?:now )?(?:(?:go|move|stop|halt)$"
    r"|(?:go|turn|move|walk|step|run|drive|jump|stop|switch|come) "
    r"(?:forward|forwards|back|backward|left|right|up|down|straight|ahead|around|on|off|here|ten|two)\b)"
)
_LETS_TALK = re.compile(r"\b(?:talk|speak|chat) (?:\w+ )?about ([\w' ]+)")
_CHANGE = re.compile(
    r"\babout something (?:else|different|new)\b"
    r"|\b(?:change|another|new|different) (?:the )?(?:subject|topic)\b"
)
_UNSURE = re.compile(
    r"^(?:um |uh |well )*(?:i don't know|i do not know|no idea|not sure|i'm not sure|maybe)\b"
)
_YES = re.compile(
    r"^(?:um |uh |oh )*(?:yes|yeah|yep|me too|sure|of course|okay|ok|right)"
    r"(?: (?:i do|i am|sure|of course|please|yes))*$"
)
_NO = re.compile(r"^(?:um |uh |oh )*(?:no|nope|not really|never)(?: (?:i don't|i'm not|no|thanks|never))*$")
_SENSE = re.compile(
    r"\b(?:i|i'm|we|my|he|she|it|it's|they|you|there|because|is|are|was|were|"
    r"favou?rite|sometimes|usually)\b"
)


@dataclass(frozen=True, slots=True)
class Reply:
    """`text`: the whole reply, one line of plain words. `beyond`: what of the learner's words the rules only
    step around in it, None where one of them applies; somebody who knows an answer says it between `echo`,
    the mistake put right, and `question`, which hands the floor back.
    """

    text: str
    beyond: Beyond | None = None
    echo: str = ""
    question: str = ""


def reply_to(prompt: Prompt) -> Reply:
    """Total: any conversation gets a reply."""
    talk = Talk.of(prompt)
    if not talk.exchanges:
        return Reply(_join(talk.pick(phrases.OPENINGS[talk.level]), phrases.ASK_NAME[0]))
    if unheard := _unheard(talk):
        return Reply(unheard)
    if polite := _courtesy(talk):
        return Reply(_join(_echo(talk), polite))
    said = _answered(talk) or _small(talk)
    text = _join(_echo(talk), said) if said else _told(talk)
    unanswered = beyond(talk, told=said is None)
    return Reply(text, unanswered, _echo(talk), _next_question(talk)) if unanswered else Reply(text)


def _unheard(talk: Talk) -> str | None:
    """Silence, hesitation and other languages."""
    if not talk.heard.words and not any(char.isalnum() for char in talk.last.raw):
        return _join(talk.pick(phrases.SILENCE[talk.level]), _next_question(talk))
    if talk.heard.is_foreign or not talk.heard.words:
        return _join(talk.pick(phrases.FOREIGN[talk.level]), _next_question(talk))
    if talk.heard.is_noise:
        return _join(talk.pick(phrases.SILENCE[talk.level]), _next_question(talk))
    return None


def _courtesy(talk: Talk) -> str | None:
    """Goodbyes, introductions and greetings."""
    text = talk.heard.text
    if _BYE.search(text) and len(talk.heard.words) <= 12:
        return _farewell(talk)
    if talk.name_is_new:
        return _introduced(talk)
    hello = _HELLO.match(text)
    if hello and len(talk.heard.words) <= 4 and not answer(talk):
        return _join(talk.pick(phrases.GREETINGS[talk.level]), _name_question(talk) or _next_question(talk))
    return None


def _farewell(talk: Talk) -> str:
    goodbye = talk.pick(phrases.FAREWELLS[talk.level])
    goodbye = goodbye.format(name=talk.name) if talk.name else goodbye.replace(", {name}", "")
    covered = [topic.name for topic in talk.topics_touched if topic.name not in {"feelings", "plans"}][:2]
    return _join(goodbye, f"I liked our talk about {' and '.join(covered)}." if covered else "")


def _introduced(talk: Talk) -> str:
    hello = talk.pick(phrases.NAMED[talk.level]).format(name=talk.name)
    hi_first = "" if "I'm Alex" in talk.said else "I'm Alex, your English tutor."
    return _join(hello, hi_first, _pickup(talk) or _next_question(talk))


def _answered(talk: Talk) -> str | None:
    """A wish for a subject, a question to the tutor or a playful order."""
    if _CHANGE.search(talk.heard.text):
        return _join(talk.pick(phrases.CHANGE[talk.level]), talk.question(None))
    wish = _LETS_TALK.search(talk.heard.text)
    if wish and talk.topic:
        remark = talk.pick(talk.topic.remarks[talk.level])
        return _join("Good idea, let's do that!", remark, talk.question(talk.topic))
    said = answer(talk)
    if said:
        if said.endswith("?") and "My question was" in said:
            return said
        mine = _name_question(talk) if "name" in talk.heard.words or len(talk.exchanges) == 1 else None
        return _join(said, mine or _next_question(talk))
    if _COMMAND.match(talk.heard.text):
        return _join(
            _quoting(talk, phrases.COMMANDS[talk.level]), _fresh(talk, phrases.AFTER_COMMAND[talk.level])
        )
    return None


def _small(talk: Talk) -> str | None:
    """Answers too short or too garbled to hold a thought."""
    text, level = talk.heard.text, talk.level
    if _UNSURE.match(text) and len(talk.heard.words) <= 5:
        return _join(talk.pick(phrases.UNSURE[level]), _next_question(talk))
    for pattern, options in ((_YES, phrases.YES), (_NO, phrases.NO)):
        if pattern.match(text):
            return _join(talk.pick(options[level]), _next_question(talk))
    if _is_sound(talk):
        return None
    if talk.topic and len(talk.heard.words) <= 3:
        return _join(_quoting(talk, phrases.SHORT[level]), _next_question(talk))
    if (
        "I think I heard" in talk.last.before
        or "I caught" in talk.last.before
        or "I heard" in talk.last.before
    ):
        return _join(talk.pick(phrases.EASE[level]), _next_question(talk))
    return _quoting(talk, phrases.GARBLED[level])


def _quoting(talk: Talk, options: tuple[str, ...]) -> str:
    """A phrase with the learner's first words in it, capitalised where they begin it."""
    phrase = talk.pick(options)
    quote = capitalise(f"x {talk.heard.quote()}")[2:]
    return phrase.format(quote=capitalise(quote) if phrase.startswith('"') else quote)


def _is_sound(talk: Talk) -> bool:
    """Whether the words hold something to answer: a fact, or the bones of a sentence."""
    return bool(
        talk.new_facts or recast(talk.heard) or (len(talk.heard.words) > 2 and _SENSE.search(talk.heard.text))
    )


def _told(talk: Talk) -> str:
    """The learner told something: react, add a thought, ask on."""
    turn = len(talk.exchanges)
    care = talk.unused(phrases.CARING[talk.level]) if talk.heard.is_sad else []
    question = care[0] if care else _pickup(talk) or _next_question(talk)
    hello = "Hi, I'm Alex!" if turn == 1 and not talk.said else ""
    reaction = _reaction(talk) if recast(talk.heard) else _with_name(talk, _reaction(talk), turn)
    return _join(hello, reaction, _extra(talk, turn), question)


def _echo(talk: Talk) -> str:
    """The learner's mistake put right; "" where there is none."""
    mistake = recast(talk.heard)
    if mistake is None:
        return ""
    if mistake.asks:
        return f"{capitalise(mistake.spoken)}?"
    return phrases.RECAST_OPENERS[talk.seed % len(phrases.RECAST_OPENERS)].format(echo=mistake.echo)


def _reaction(talk: Talk) -> str:
    if echo := _echo(talk):
        return echo if talk.heard.is_sad else _join(echo, talk.pick(phrases.AFTER_RECAST[talk.level]))
    if talk.heard.is_sad:
        return talk.pick(phrases.SYMPATHY[talk.level])
    if talk.new_facts and talk.new_facts[0].kind == "dislike":
        return talk.pick(phrases.DISLIKE[talk.level])
    return talk.pick(phrases.PRAISE[talk.level])


def _extra(talk: Talk, turn: int) -> str:
    """One sentence more on the subject: a remark, or now and then an idiom explained."""
    mistake, sad = recast(talk.heard), talk.heard.is_sad
    if sad or not talk.topic or mistake:
        return talk.pick(phrases.SYMPATHY[talk.level][:1]) if sad and mistake else ""
    idiom, meaning = talk.topic.idiom
    if talk.level == "intermediate" and turn % IDIOM_EVERY == 0 and idiom not in talk.said:
        return talk.pick([lesson.format(idiom=idiom, meaning=meaning) for lesson in phrases.IDIOM_LESSON])
    fresh = talk.unused(talk.topic.remarks[talk.level])
    return fresh[0] if fresh else ""


def _memory(talk: Talk) -> str | None:
    """Something told earlier taken up again: what makes a talk feel like one."""
    for fact in talk.old_facts:
        fresh = talk.unused(questions_about(fact, talk.level))
        reminder = talk.unused(recall([fact]))
        if fresh and reminder:
            return _join(talk.pick(phrases.RECALL[talk.level]).format(fact=reminder[0]), fresh[0])
    return None


def _with_name(talk: Talk, said: str, turn: int) -> str:
    """Now and then the name, before the mark that ends the first sentence."""
    if not talk.name or turn % NAME_EVERY:
        return said
    return re.sub(r"([.!])", rf", {talk.name}\1", said, count=1)


def _pickup(talk: Talk) -> str | None:
    """A question about the learner's own words."""
    for fact in talk.new_facts:
        fresh = talk.unused(questions_about(fact, talk.level))
        if fresh:
            return fresh[talk.seed % len(fresh)]
    return None


def _next_question(talk: Talk) -> str:
    """A question on the present topic, or a change of subject once it has been talked out."""
    topic = talk.topic
    if (
        topic
        and len(topic.questions[talk.level]) - len(talk.unused(topic.questions[talk.level])) < MOVE_ON_AFTER
    ):
        return talk.question(topic)
    if memory := _memory(talk):
        return memory
    if not topic:
        return talk.question(None if talk.topics_touched else BY_NAME["hobbies"])
    return _join(talk.pick(phrases.NEW_SUBJECT[talk.level]), talk.question(None))


def _name_question(talk: Talk) -> str | None:
    """Asked twice at most, and never of somebody whose name is known."""
    fresh = talk.unused(phrases.ASK_NAME)
    if talk.name or len(fresh) < 2:
        return None
    return "I'm Alex. " * ("I'm Alex" not in talk.said) + fresh[0]


def _fresh(talk: Talk, questions: tuple[str, ...]) -> str:
    return talk.pick(questions) if talk.unused(questions) else _next_question(talk)


def _join(*parts: str) -> str:
    return " ".join(part for part in parts if part)
