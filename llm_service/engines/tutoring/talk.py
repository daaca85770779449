"""A conversation as the tutor sees it: who said what, what is known, and what has been used up.

Everything is read from the prompt, so any replica can give the next reply and the same prompt always
gets the same one.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from llm_service.engine import Level, Prompt
from llm_service.engines.tutoring.hearing import Heard
from llm_service.engines.tutoring.learner import Fact, facts_in, name_in
from llm_service.engines.tutoring.phrases import ASK_NAME
from llm_service.engines.tutoring.recast import mend
from llm_service.engines.tutoring.topic import Topic
from llm_service.engines.tutoring.topics import TOPICS, asked_in, spotted

REMEMBERED_CHARS = 600


@dataclass(frozen=True, slots=True)
class Exchange:
    """One learner's utterance and what the tutor had said just before it."""

    before: str
    raw: str

    @property
    def asked_name(self) -> bool:
        return any(question in self.before for question in ASK_NAME)


@dataclass(frozen=True)
class Talk:
    level: Level
    exchanges: tuple[Exchange, ...]
    said: str
    """All that the tutor has said so far."""

    @classmethod
    def of(cls, prompt: Prompt) -> "Talk":
        exchanges: list[Exchange] = []
        said: list[str] = []
        before = ""
        for message in prompt.messages:
            if message.role == "assistant":
                before = message.content
                said.append(before)
            elif message.role == "user":
                exchanges.append(Exchange(before, message.content[:REMEMBERED_CHARS]))
        return cls(prompt.level, tuple(exchanges), "\n".join(said))

    @property
    def last(self) -> Exchange:
        """The utterance to answer; an empty one before the learner has spoken."""
        return self.exchanges[-1] if self.exchanges else Exchange("", "")

    @cached_property
    def heard(self) -> Heard:
        return Heard(self.last.raw)

    @cached_property
    def meant(self) -> str:
        """The utterance with its mistakes put right: what a question is answered by."""
        return " ".join(mend(clause) for clause in self.heard.clauses)

    @cached_property
    def seed(self) -> int:
        return zlib.crc32(f"{len(self.exchanges)}:{self.last.raw}".encode(errors="replace"))

    @cached_property
    def name(self) -> str | None:
        """The name the learner gave last."""
        names = (_name(exchange) for exchange in reversed(self.exchanges))
        return next((name for name in names if name), None)

    @property
    def name_is_new(self) -> bool:
        given = _name(self.last)
        return given is not None and not any(_name(earlier) == given for earlier in self.exchanges[:-1])

    @cached_property
    def new_facts(self) -> tuple[Fact, ...]:
        return _facts(self.last.raw)

    @cached_property
    def old_facts(self) -> tuple[Fact, ...]:
        """What was told before this utterance, newest first."""
        earlier = (fact for exchange in reversed(self.exchanges[:-1]) for fact in _facts(exchange.raw))
        return tuple(fact for fact in dict.fromkeys(earlier) if fact not in self.new_facts)

    @cached_property
    def topic(self) -> Topic | None:
        """What the talk is about: the learner's words, or the question they answer, or their last subject."""
        here = spotted(self.heard.words)
        recent = (_main_topic(exchange.raw) for exchange in reversed(self.exchanges[-4:-1]))
        going_on = asked_in(self.last.before) or next((topic for topic in recent if topic), None)
        return here[0] if here and going_on not in here[:3] else going_on

    @property
    def topics_touched(self) -> tuple[Topic, ...]:
        """The topics of the whole conversation in the order they came up."""
        firsts = (_main_topic(exchange.raw) for exchange in self.exchanges)
        return tuple(dict.fromkeys(topic for topic in firsts if topic))

    def unused(self, options: Iterable[str]) -> list[str]:
        return [option for option in options if option not in self.said]

    def pick(self, options: Sequence[str]) -> str:
        """One of the options, a new one while any remain; the same talk always picks the same."""
        pool = self.unused(options) or options
        return pool[self.seed % len(pool)]

    def question(self, topic: Topic | None) -> str:
        """An open question that has not been asked: on the topic, then on others, then at other levels."""
        wanted = [topic] if topic else []
        start = self.seed % len(TOPICS)
        for choice in (*wanted, *TOPICS[start:], *TOPICS[:start]):
            if fresh := self.unused(choice.questions[self.level]):
                return fresh[0] if choice is topic else fresh[self.seed % len(fresh)]
        every = [q for choice in TOPICS for questions in choice.questions.values() for q in questions]
        return self.pick(every)


@lru_cache(maxsize=8192)
def _facts(raw: str) -> tuple[Fact, ...]:
    return facts_in(Heard(raw))


@lru_cache(maxsize=8192)
def _name(exchange: Exchange) -> str | None:
    return name_in(Heard(exchange.raw), exchange.asked_name)


@lru_cache(maxsize=8192)
def _main_topic(raw: str) -> Topic | None:
    return next(iter(spotted(Heard(raw).words)), None)
