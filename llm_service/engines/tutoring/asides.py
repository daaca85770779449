"""The learner's own words picked up: questions about the very thing they have just told."""

from collections.abc import Mapping

from llm_service.engine import Level
from llm_service.engines.tutoring.learner import Fact, Kind

_QUESTIONS: Mapping[Kind, Mapping[Level, tuple[str, ...]]] = {
    "like": {
        "beginner": ("Why do you like {}?", "When did you start to like {}?", "Who else likes {}?"),
        "intermediate": (
            "What do you enjoy most about {}?",
            "How did you first get into {}?",
            "How often do you find time for {}?",
        ),
        "advanced": (
            "What is it about {} that draws you in?",
            "What would you say to someone who just doesn't get {}?",
            "Has your taste for {} grown on you, or was it love at first sight?",
        ),
    },
    "dislike": {
        "beginner": ("Why don't you like {}?", "What do you like better than {}?"),
        "intermediate": ("What is it that you don't like about {}?", "What would you choose instead of {}?"),
        "advanced": ("What puts you off {}?", "What would it take for you to come round to {}?"),
    },
    "job": {
        "beginner": ("Do you like your life as {}?", "What do you do every day as {}?"),
        "intermediate": ("What's a typical day like for you as {}?", "What made you decide to become {}?"),
        "advanced": ("What do people tend to get wrong about life as {}?", "What drew you to becoming {}?"),
    },
    "from": {
        "beginner": ("What is {} like?", "What can I see in {}?"),
        "intermediate": ("What should I see first if I visit {}?", "What do you love most about {}?"),
        "advanced": ("How has {} shaped who you are?", "What do outsiders never quite understand about {}?"),
    },
    "live": {
        "beginner": ("Do you like life in {}?", "What do you do in {}?"),
        "intermediate": ("What's it like to live in {}?", "What do people do for fun in {}?"),
        "advanced": ("What keeps you in {}?", "How has {} changed since you got to know it?"),
    },
    "have": {
        "beginner": ("Can you tell me about your {}?", "What is special about your {}?"),
        "intermediate": ("What can you tell me about your {}?", "What's the story behind your {}?"),
        "advanced": ("What part does your {} play in your life?", "What would life be without your {}?"),
    },
    "wish": {
        "beginner": ("Why do you want to {}?", "When do you want to {}?"),
        "intermediate": ("What makes you want to {}?", "What do you need before you can {}?"),
        "advanced": ("What's behind your wish to {}?", "What might stand in your way if you set out to {}?"),
    },
    "named": {
        "beginner": ("What is {} like?", "What does {} like to do?"),
        "intermediate": ("What's {} like?", "What's the funniest thing {} has ever done?"),
        "advanced": ("How would you describe {} to a stranger?", "What sets {} apart from the rest?"),
    },
    "went": {
        "beginner": ("What did you see at {}?", "Did you like {}?"),
        "intermediate": ("How did you like {}?", "What was the best part of your visit to {}?"),
        "advanced": ("What stayed with you from {}?", "How did {} live up to what you'd expected?"),
    },
}
_PROPER_STARTS = ("a ", "an ", "the ", "your ", "my ")


def questions_about(fact: Fact, level: Level) -> tuple[str, ...]:
    """Open questions about the fact, worded with the learner's own noun or verb."""
    value = fact.value
    if fact.kind == "have":
        value = value.split(" ", 1)[1]
        if fact.value.split()[0] not in {"a", "an"} and not value.endswith(("s", "children", "people")):
            return ()
    if fact.kind == "went" and not value.startswith(_PROPER_STARTS):
        value = value.title()
    return tuple(question.format(value) for question in _QUESTIONS[fact.kind][level])
