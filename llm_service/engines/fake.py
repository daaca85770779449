"""A language model for tests and load only: it does exactly what the last user message tells it to.

Never offered to users. Directives, anywhere in the message:

    say:3s           the reply is "say:3s ", for the fake speech engine to stretch that long
    hang             never answers
    stall_after:N    N tokens, then silence for ever
    fail             an InternalFault at once
    fail_after:N     N tokens, then an InternalFault
    rubbish:empty    finishes without a word
    rubbish:endless  never stops
    rubbish:long     one token of a million characters
"""

import asyncio
import contextlib
import itertools
import re
from collections.abc import AsyncGenerator, Iterable, Iterator
from dataclasses import dataclass

from chassis.faults import InternalFault
from engine_room.engines import EngineInfo
from llm_service.engine import Abilities, Delta, Finished, LlmOutput, Prompt

LONG_TOKEN_CHARS = 1_000_000

_DIRECTIVE = re.compile(
    r"(?<!\S)(hang|fail|(?:stall_after|fail_after):(\d{1,9})|say:\d+(?:\.\d+)?s|rubbish:(?:empty|endless|long))(?!\S)"
)


@dataclass(frozen=True, slots=True)
class _Script:
    """What one reply does: its tokens, and how it ends once they are said."""

    tokens: Iterable[str]
    end: str = "stop"


class FakeEngine:
    """See the module. `running` counts the replies now under way, however they come to end."""

    def __init__(self, first_token_s: float = 0.15, token_interval_s: float = 0.0, slots: int = 256) -> None:
        self.running = 0
        self._first_token_s = first_token_s
        self._token_interval_s = token_interval_s
        self._slots = slots

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(name="fake", model="script", slots=self._slots, abilities=self.abilities.names)

    @property
    def abilities(self) -> Abilities:
        return Abilities()

    async def load(self) -> None:
        """Nothing to load."""

    async def unload(self) -> None:
        """Nothing to give back."""

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        self.running += 1
        try:
            async with contextlib.aclosing(self._play(prompt)) as outputs:
                async for output in outputs:
                    yield output
        finally:
            self.running -= 1

    async def _play(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        said, script = 0, _script(prompt)
        if script.end == "fail" and not script.tokens:
            raise InternalFault("the fake engine was told to fail")
        await asyncio.sleep(self._first_token_s)
        for said, token in enumerate(script.tokens, start=1):
            if said > 1:
                await asyncio.sleep(self._token_interval_s)
            yield Delta(token)
        await _end(script.end)
        yield Finished("stop", sum(len(message.content.split()) for message in prompt.messages), said)


async def _end(kind: str) -> None:
    if kind == "hang":
        await asyncio.Event().wait()
    if kind == "fail":
        raise InternalFault("the fake engine was told to fail")


def _script(prompt: Prompt) -> _Script:
    asked = next((m.content for m in reversed(prompt.messages) if m.role == "user"), "")
    found = _DIRECTIVE.search(asked)
    directive, count = (found[1], int(found[2] or 0)) if found else ("", 0)
    normal = [f"{word} " for word in f"This is the fake reply to turn {prompt.turn}.".split()]
    match directive.split(":")[0]:
        case "hang" | "fail" as end:
            return _Script((), end)
        case "stall_after":
            return _Script(_exactly(count, normal), "hang")
        case "fail_after":
            return _Script(_exactly(count, normal), "fail")
        case "say":
            return _Script((f"{directive} ",))
        case "rubbish":
            return _Script(_rubbish(directive))
        case _:
            return _Script((*normal[:-1], normal[-1].rstrip()))


def _exactly(count: int, words: list[str]) -> Iterator[str]:
    return itertools.islice(itertools.cycle(words), count)


def _rubbish(directive: str) -> Iterable[str]:
    match directive:
        case "rubbish:endless":
            return itertools.repeat("blah ")
        case "rubbish:long":
            return ("x" * LONG_TOKEN_CHARS,)
        case _:
            return ()
