"""Asking the engine for servers elsewhere, against one that answers by script."""

import asyncio
from typing import Any

import pytest

from chassis.faults import Fault
from llm_service.engine import Delta, LlmOutput, Message, Prompt
from llm_service.engines.openai import OpenAiEngine
from tests.support.scripted_openai import MODEL, Raw, delta, end, scripted

KEY = "canary-key-51c0ffee"
HELLO: list[Any] = [delta(content="Hello."), end(), "[DONE]"]
WHOLE = {"choices": [{"message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}]}
PAGE = Raw((b"<!DOCTYPE html><html><body>Welcome</body></html>",), "text/html; charset=utf-8")


def ask(
    *answers: Any, asked: Prompt | None = None, times: int = 1, **fields: Any
) -> tuple[list[Any], list[Any]]:
    """The outputs of each of `times` replies, joined, and the requests that the server saw."""

    async def run() -> tuple[list[Any], list[Any]]:
        async with scripted(*answers, **fields) as script:
            engine = OpenAiEngine(script.url, KEY, MODEL)
            await engine.load()
            try:
                prompt = asked or Prompt(1, (Message("user", "hi"),))
                outputs = [output for _ in range(times) async for output in engine.chat(prompt)]
            finally:
                await engine.unload()
            return outputs, script.requests

    return asyncio.run(run())


def refused(*answers: Any, **fields: Any) -> Fault:
    with pytest.raises(Fault) as raised:
        ask(*answers, **fields)
    return raised.value


def text(outputs: list[LlmOutput]) -> str:
    return "".join(output.text for output in outputs if isinstance(output, Delta))
