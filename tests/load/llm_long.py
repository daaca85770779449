"""A conversation of many turns: what the LLM service adds to a first token then, and what is read anew.

Its history goes through the gateway's bounds and the service's window, as in a session. vLLM alone is given
the tokens that the service would give it, so that writing the conversation down and turning it into tokens
are the service's part. The model is the smallest: what the service adds does not hang on it, and would be
lost in the noise of a greater one's.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import uuid4

from chassis.lane_client import LaneClient
from chassis.lanes import LaneEnded
from gateway.conversation.items import ChatMessage, Items
from gateway.conversation.limits import Limits
from llm_service.engine import Message, Prompt, Sampling
from llm_service.text.chat_template import ChatTemplate
from llm_service.text.window import Task, make_task
from protos.parley.v1 import llm_pb2 as pb
from tests.load.measure import percentile

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

WINDOW = 4096
REPLY = 4
"""Tokens that are written of each reply: it is the first one that counts."""
REST_S = 0.1
"""Between two questions: an engine that has just answered is still busy for a while."""
SAID_WORDS, ANSWERED_WORDS = (14, 34), (18, 40)
SENTENCE = "Yesterday I went to the market and bought some apples what did you do you are a helpful teacher"
SYSTEM = "You are a helpful teacher of English. " * 8
ROLES = {"system": pb.ROLE_SYSTEM, "user": pb.ROLE_USER, "assistant": pb.ROLE_ASSISTANT}
Client = LaneClient[pb.ChatItem, pb.ChatEvent]


@dataclass
class Long:
    """Of the turns from the first one on at which the window was full."""

    added: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))
    """By pairs of questions, in ms, where the service was asked second and where it was asked first: on a
    machine of few cores who comes second finds the first one's engine still at work."""
    read: list[int] = field(default_factory=list)
    """Tokens of each prompt that were not in the cache."""

    @property
    def added_ms(self) -> float:
        """The medians of the two orders, in the middle."""
        return sum(percentile(pairs, 0.5) for pairs in self.added) / 2

    @property
    def share_p90(self) -> float:
        """Of the window."""
        return percentile(self.read, 0.9) / WINDOW


async def talk(engine: "AsyncLLM", client: Client, turns: int, seed: int, long: Long) -> None:
    """One conversation, each of its turns asked of both."""
    template = ChatTemplate(engine.get_tokenizer())
    rng, limits = random.Random(seed), Limits()
    items = Items(limits.prompt_turns * 2, limits.prompt_bytes)
    before, full = 0, False
    for turn in range(turns):
        items.add_said(f"{seed} {turn} {said(rng, SAID_WORDS)}")
        messages = items.prompt_for("tutor", SYSTEM)
        task = make_task(template, prompt_of(messages), WINDOW, REPLY)
        if turn % 2:
            served = await through(client, messages)
            await asyncio.sleep(REST_S)
            alone, cached = await directly(engine, task)
        else:
            alone, cached = await directly(engine, task)
            await asyncio.sleep(REST_S)
            served = await through(client, messages)
        await asyncio.sleep(REST_S)
        full = full or len(task.tokens) < before
        before = len(task.tokens)
        if full:
            long.added[turn % 2].append(served - alone)
            long.read.append(len(task.tokens) - cached)
        items.add("tutor", said(rng, ANSWERED_WORDS))


def said(rng: random.Random, words: tuple[int, int]) -> str:
    return " ".join(rng.choices(SENTENCE.split(), k=rng.randint(*words)))


def prompt_of(messages: Sequence[ChatMessage]) -> Prompt:
    sampling = Sampling(max_tokens=REPLY, min_tokens=REPLY)
    return Prompt(1, tuple(Message(message.role, message.content) for message in messages), sampling)


async def directly(engine: "AsyncLLM", task: Task) -> tuple[float, int]:
    """Milliseconds to the first token, and how many of the prompt's were in the cache."""
    from vllm.inputs import tokens_input
    from vllm.sampling_params import RequestOutputKind, SamplingParams

    params = SamplingParams(
        output_kind=RequestOutputKind.DELTA, max_tokens=REPLY, min_tokens=REPLY, temperature=0.7, top_p=0.9
    )
    started = time.perf_counter()
    async with aclosing(engine.generate(tokens_input(task.tokens), params, uuid4().hex)) as outputs:
        first = await anext(outputs)
        took = (time.perf_counter() - started) * 1000
        async for _ in outputs:
            pass
    return took, first.num_cached_tokens or 0


async def through(client: Client, messages: Sequence[ChatMessage]) -> float:
    started = time.perf_counter()
    wire = [pb.ChatMessage(role=ROLES[message.role], content=message.content) for message in messages]
    prompt = pb.Prompt(turn=1, messages=wire, sampling=pb.Sampling(max_tokens=REPLY, min_tokens=REPLY))
    lane = client.open(pb.ChatItem(prompt=prompt), "bench")
    took = 0.0
    try:
        while True:
            await lane.receive()
            took = took or (time.perf_counter() - started) * 1000
    except LaneEnded:
        return took
    finally:
        lane.cancel()
