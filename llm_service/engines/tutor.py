"""The tutor of the embedded profile: rules instead of weights, so a bare machine can hold a conversation.

This file streams; what is said comes from `tutoring`, and from a mind behind it where there is one. It keeps
no state between replies.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing

from engine_room.engines import EngineInfo
from llm_service.engine import Abilities, Delta, Finished, LlmOutput, Prompt
from llm_service.engines.mind import Mind
from llm_service.engines.tutoring.beyond import Beyond
from llm_service.engines.tutoring.dialogue import Reply, reply_to
from llm_service.engines.tutoring.whose import is_the_tutors

_TOKEN = re.compile(r"\S+\s*")
_SENTENCE_END = re.compile(r"[.!?]\"?\s*$")
LEFT_TO_THE_MIND: frozenset[Beyond] = frozenset({"thing"})
"""Of what no rule answers: it can say what a lawyer or a hammer is. What it was found worse at stays with the
rules, which own that they do not know: it is firmly wrong about the world, tells stories of the tutor itself,
and takes what people tell for something else. `python -m tests.load.mind` measures it.
"""


class TutorEngine:
    """Alex, an English tutor for three levels. A token is a word with the space that follows it.

    Where its `mind` is loaded, that speaks for every agent whose prompt is not the tutor's, token by token.
    For the tutor it is asked what no rule answers, and gives one sentence, which is looked at before it is
    said. Without a mind Alex answers everybody.
    """

    def __init__(self, slots: int = 32, token_interval_s: float = 0.0, mind: Mind | None = None) -> None:
        self._slots = slots
        self._token_interval_s = token_interval_s
        self._mind = mind

    @property
    def info(self) -> EngineInfo:
        mind = self._mind
        return EngineInfo(
            name="tutor",
            model=f"rules+{mind.name}" if mind and not mind.missing else "rules",
            slots=self._slots,
            abilities=self.abilities.names,
            fallback=f"the tutor answers by its rules alone: {mind.missing}" if mind and mind.missing else "",
        )

    @property
    def abilities(self) -> Abilities:
        """With a mind what that can take; the rules pass over all but `max_tokens`.

        Neither is bound by what a prompt forbids, and the rules alone know no part but the tutor's.
        """
        mind = None if self._mind is None or self._mind.missing else self._mind
        sampling = Abilities().sampling if mind is None else mind.abilities.sampling
        return Abilities(sampling, agents=mind is not None, guardrails=False, children=False)

    @property
    def healthy(self) -> bool:
        return self._mind is None or self._mind.healthy

    @property
    def progress(self) -> str:
        return "" if self._mind is None else self._mind.progress

    async def load(self) -> None:
        """The rules come with the module; a mind that cannot be loaded keeps nobody from talking."""
        if self._mind is not None:
            await self._mind.load()

    async def unload(self) -> None:
        if self._mind is not None:
            await self._mind.unload()

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        """Answer word by word, cut at a sentence's end where `max_tokens` asks for less than the reply."""
        mind = None if self._mind is None or self._mind.missing else self._mind
        if mind is not None and not is_the_tutors(prompt):
            async with aclosing(mind.chat(prompt)) as outputs:
                async for output in outputs:
                    yield output
            return
        tokens = _TOKEN.findall(await _reply(prompt, mind))
        kept = _within(tokens, prompt.sampling.max_tokens)
        for token in kept:
            await asyncio.sleep(self._token_interval_s)
            yield Delta(token)
        heard = sum(len(message.content.split()) for message in prompt.messages)
        yield Finished("stop" if len(kept) == len(tokens) else "length", heard, len(kept))


async def _reply(prompt: Prompt, mind: Mind | None) -> str:
    """The rules' reply, or the mind's sentence in its place where they have nothing to say."""
    reply = reply_to(prompt)
    if mind is None or reply.beyond not in LEFT_TO_THE_MIND:
        return reply.text
    thought = await mind.sentence(prompt)
    return _around(reply, thought) if thought else reply.text


def _around(reply: Reply, thought: str) -> str:
    return " ".join(part for part in (reply.echo, thought, reply.question) if part)


def _within(tokens: list[str], most: int | None) -> list[str]:
    """The first `most` tokens at the longest, back to the last whole sentence if there is one."""
    if most is None or len(tokens) <= most:
        return tokens
    kept = tokens[: max(most, 0)]
    ends = [i for i, token in enumerate(kept, start=1) if _SENTENCE_END.search(token)]
    return kept[: ends[-1]] if ends else kept
