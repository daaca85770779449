"""All topics together: which one the learner is on, and which one a question belonged to."""

from collections import Counter
from collections.abc import Iterable

from llm_service.engines.tutoring import daily_life, free_time, wider_world
from llm_service.engines.tutoring.topic import Topic
from llm_service.engines.tutoring.words import word_set

TOPICS: tuple[Topic, ...] = (*daily_life.TOPICS, *free_time.TOPICS, *wider_world.TOPICS)
BY_NAME = {topic.name: topic for topic in TOPICS}

_BY_KEYWORD: dict[str, list[Topic]] = {}
for _topic in TOPICS:
    for _word in _topic.keywords:
        _BY_KEYWORD.setdefault(_word, []).append(_topic)

_BY_QUESTION = {
    question: topic for topic in TOPICS for questions in topic.questions.values() for question in questions
}

# Words that rarely name the subject of a sentence: they decide only when nothing else does.
_WEAK = word_set(
    "live love feel people today tomorrow yesterday next together play playing watch cold hot shop "
    "building start country meet free life dream work phone kids family teacher friend friends speak word "
    "words sunday saturday weekend cook cooking read reading buy bought feeling eat ate visit visited "
    "swim home"
)


def spotted(words: Iterable[str]) -> tuple[Topic, ...]:
    """The topics that the words touch, the clearest first."""
    weights: Counter[str] = Counter()
    for word in words:
        for topic in _BY_KEYWORD.get(word, ()):
            weights[topic.name] += 1 if word in _WEAK else 3
    return tuple(BY_NAME[name] for name, _ in weights.most_common())


def asked_in(said: str) -> Topic | None:
    """The topic of the last known question in something the tutor said."""
    found = [(said.rfind(question), topic) for question, topic in _BY_QUESTION.items() if question in said]
    return max(found, key=lambda pair: pair[0])[1] if found else None
