"""The fake language model does what the last user message tells it to, and counts its jobs exactly."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable

import pytest

from chassis.faults import InternalFault
from llm_service.engine import Delta, Finished, LlmOutput, Message, Prompt
from llm_service.engines.fake import LONG_TOKEN_CHARS, FakeEngine


def _chat(engine: FakeEngine, said: str) -> AsyncGenerator[LlmOutput, None]:
    return engine.chat(Prompt(7, (Message("user", "earlier fail"), Message("user", said))))


def _outputs(said: str) -> list[LlmOutput]:
    async def run() -> list[LlmOutput]:
        return [output async for output in _chat(FakeEngine(first_token_s=0), said)]

    return asyncio.run(run())


def _text(outputs: list[LlmOutput]) -> str:
    return "".join(output.text for output in outputs if isinstance(output, Delta))


async def _silent(coming: Awaitable[LlmOutput]) -> bool:
    try:
        await asyncio.wait_for(coming, 0.05)
    except TimeoutError:
        return True
    return False


def test_an_ordinary_message_gets_the_fixed_reply_token_by_token() -> None:
    outputs = _outputs("hello there")
    assert _text(outputs) == "This is the fake reply to turn 7."
    assert len(outputs) == 9
    assert outputs[-1] == Finished("stop", 4, 8)


def test_say_is_given_back_for_the_fake_speech_engine() -> None:
    assert _text(_outputs("please say:3s thank you")) == "say:3s "


def test_words_that_only_contain_a_directive_are_ordinary() -> None:
    assert _text(_outputs("the failure hangs")) == "This is the fake reply to turn 7."


def test_fail_raises_at_once() -> None:
    with pytest.raises(InternalFault):
        _outputs("now fail")


async def test_fail_after_says_so_many_tokens_first() -> None:
    chat = _chat(FakeEngine(first_token_s=0), "fail_after:3")
    for _ in range(3):
        assert isinstance(await anext(chat), Delta)
    with pytest.raises(InternalFault):
        await anext(chat)


@pytest.mark.parametrize(("directive", "tokens"), [("hang", 0), ("stall_after:12", 12)])
async def test_silence_lasts_until_the_generator_is_closed(directive: str, tokens: int) -> None:
    engine = FakeEngine(first_token_s=0)
    chat = _chat(engine, directive)
    for _ in range(tokens):
        assert isinstance(await anext(chat), Delta)
    assert await _silent(anext(chat))
    await chat.aclose()
    assert engine.running == 0


def test_rubbish_comes_in_three_kinds() -> None:
    assert _outputs("rubbish:empty") == [Finished("stop", 3, 0)]
    assert len(_text(_outputs("rubbish:long"))) == LONG_TOKEN_CHARS


async def test_endless_rubbish_goes_on_and_closes_at_once() -> None:
    engine = FakeEngine(first_token_s=0)
    chat = _chat(engine, "rubbish:endless")
    for _ in range(5000):
        assert isinstance(await anext(chat), Delta)
    assert engine.running == 1
    await chat.aclose()
    assert engine.running == 0


async def test_running_is_exact_over_many_jobs_however_they_end() -> None:
    engine = FakeEngine(first_token_s=0)
    chats = [_chat(engine, "hello") for _ in range(20)]
    for chat in chats:
        await anext(chat)
    assert engine.running == 20
    await chats[0].aclose()
    with pytest.raises(RuntimeError):
        await chats[1].athrow(RuntimeError())
    assert [output async for output in chats[2]]
    assert engine.running == 17
    for chat in chats:
        await chat.aclose()
    assert engine.running == 0


async def test_the_first_token_waits_as_long_as_told() -> None:
    chat = _chat(FakeEngine(first_token_s=30), "hello")
    assert await _silent(anext(chat))
    await chat.aclose()
