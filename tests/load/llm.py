"""What the LLM service adds to vLLM: `make bench-llm`.

The same random model twice: an engine in this process, asked directly, and `python -m llm_service`, asked
through its gRPC lanes as a gateway asks it. They take turns, so that whatever else the machine does falls on
both. Then conversations of sixty turns, as `llm_long` says.
"""

import argparse
import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from chassis.lane_client import LaneClient
from chassis.lane_items import Wire
from chassis.lanes import LaneEnded
from chassis.probe import ask_grpc
from cli.cluster_files import free_ports
from llm_service.engine import Message, Prompt, Sampling
from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm import VllmEngine
from llm_service.engines.vllm_start import start, stop
from protos.parley.v1 import llm_pb2 as pb
from protos.parley.v1 import llm_pb2_grpc
from tests.engines.tiny_model import SIZES, make
from tests.load.llm_long import WINDOW, Long, talk
from tests.load.measure import Lag, percentile, show

WINDOW_ITEMS = 512  # as the gateway's link
WORDS = "Yesterday I went to the market and bought some apples. What did you do?"
FIRST_TOKENS = 4
WARM_TURNS = 10
LOAD_S = 600.0
Count = Callable[[int], AsyncGenerator[int, None]]
"""A chat of so many tokens: a number each time something comes, the tokens of it all at the end."""


@dataclass
class Side:
    """What was measured of one way to ask."""

    first_ms: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)


async def first_ms(chat: Count) -> float:
    """From the question to the first token of its answer."""
    started = time.perf_counter()
    async with aclosing(chat(FIRST_TOKENS)) as outputs:
        await anext(outputs)
        took = (time.perf_counter() - started) * 1000
        async for _ in outputs:
            pass
    return took


async def rate(chat: Count, chats: int, tokens: int) -> float:
    """Tokens per second of many chats at once."""

    async def whole() -> int:
        count = 0
        async for written in chat(tokens):
            count = written
        return count

    started = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(whole()) for _ in range(chats)]
    return sum(task.result() for task in tasks) / (time.perf_counter() - started)


async def measure(sides: list[tuple[Count, Side]], firsts: int, chats: int, tokens: int) -> None:
    """One round: first tokens by turns, question by question; then each side's rate."""
    for number in range(firsts):
        for chat, side in sides if number % 2 else reversed(sides):
            side.first_ms.append(await first_ms(chat))
    for chat, side in sides:
        side.rates.append(await rate(chat, chats, tokens))


def directly(engine: VllmEngine) -> Count:
    async def chat(tokens: int) -> AsyncGenerator[int, None]:
        prompt = Prompt(1, (Message("user", WORDS),), Sampling(max_tokens=tokens, min_tokens=tokens))
        async with aclosing(engine.chat(prompt)) as outputs:
            async for output in outputs:
                yield getattr(output, "completion_tokens", 0)

    return chat


def through(client: LaneClient[pb.ChatItem, pb.ChatEvent]) -> Count:
    async def chat(tokens: int) -> AsyncGenerator[int, None]:
        sampling = pb.Sampling(max_tokens=tokens, min_tokens=tokens)
        message = pb.ChatMessage(role=pb.ROLE_USER, content=WORDS)
        prompt = pb.Prompt(turn=1, messages=[message], sampling=sampling)
        lane = client.open(pb.ChatItem(prompt=prompt), "bench")
        try:
            while True:
                yield (await lane.receive()).finished.completion_tokens
        except LaneEnded:
            return
        finally:
            lane.cancel()

    return chat


@asynccontextmanager
async def serving(model: LocalModel) -> AsyncIterator[LaneClient[pb.ChatItem, pb.ChatEvent]]:
    """A link to a service of its own process, ready."""
    (port,) = free_ports(1)
    settings = {
        "LLM_ENGINE": "vllm",
        "LLM_FALLBACK": "none",
        "LLM_MODEL_NAME": model.name,
        "LLM_MAX_MODEL_LEN": str(model.max_model_len),
        "LLM_GPU_MEMORY_UTILIZATION": str(model.gpu_memory_utilization),
        "LLM_ENFORCE_EAGER": str(model.enforce_eager),
        "LLM_SLOTS": str(model.slots),
        "GRPC_PORT": str(port),
        "LOG_LEVEL": "WARNING",
    }
    process = subprocess.Popen([sys.executable, "-m", "llm_service"], env={**os.environ, **settings})
    address = f"127.0.0.1:{port}"
    wire: Wire[pb.ChatItem] = Wire(batch=pb.ChatRequest, item=pb.ChatItem)
    client: LaneClient[pb.ChatItem, pb.ChatEvent] = LaneClient(
        address, lambda channel: llm_pb2_grpc.LlmStub(channel).Chat, wire, WINDOW_ITEMS
    )
    try:
        await until_ready(process, address)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(client.run())
            while not client.connected:
                await asyncio.sleep(0.05)
            yield client
            running.cancel()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


async def until_ready(process: "subprocess.Popen[bytes]", address: str) -> None:
    until = time.monotonic() + LOAD_S
    while await asyncio.to_thread(ask_grpc, address):
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the service did not become ready; see its log above")
        await asyncio.sleep(0.5)


async def compare(model: LocalModel, options: argparse.Namespace) -> tuple[Side, Side, Lag]:
    alone, served, lag = Side(), Side(), Lag()
    engine = VllmEngine(model)
    await engine.load()
    try:
        async with serving(model) as client, asyncio.TaskGroup() as group:
            watch = group.create_task(lag.watch())
            sides: list[tuple[Count, Side]] = [(directly(engine), alone), (through(client), served)]
            warming = [(chat, Side()) for chat, _ in sides]
            await measure(warming, 3, options.chats, options.tokens)
            for number in range(options.rounds):
                turn = sides if number % 2 else sides[::-1]
                await measure(turn, options.firsts, options.chats, options.tokens)
            watch.cancel()
    finally:
        await engine.unload()
    return alone, served, lag


async def compare_long(model: LocalModel, options: argparse.Namespace) -> Long:
    """Each conversation is another one, and what is warmed is none of them."""
    long = Long()
    engine = await start(model)
    try:
        async with serving(model) as client:
            await talk(engine, client, WARM_TURNS, 0, Long())
            for number in range(options.conversations):
                await talk(engine, client, options.turns, number + 1, long)
    finally:
        await stop(engine)
    return long


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=sorted(SIZES), default="small", help="of the random model")
    parser.add_argument("--model", help="a folder instead of a random model")
    parser.add_argument("--chats", type=int, default=8, help="at once, for tokens per second")
    parser.add_argument("--tokens", type=int, default=128, help="of each")
    parser.add_argument("--firsts", type=int, default=15, help="first tokens a round")
    parser.add_argument("--rounds", type=int, default=8, help="of each way to ask")
    parser.add_argument("--conversations", type=int, default=3, help="long ones; 0: none")
    parser.add_argument("--turns", type=int, default=60, help="of each")
    parser.add_argument("--share", type=float, default=0.2, help="of the GPU's memory, for each of the two")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        name = options.model or str(make(Path(folder), options.size))
        model = LocalModel(
            name,
            1024,
            options.share,
            slots=options.chats,
            enforce_eager=not _on_gpu(),
            max_tokens=options.tokens,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            alone, served, lag = runner.run(compare(model, options))
            smallest = make(Path(folder) / "smallest", "tiny")
            small = LocalModel(str(smallest), WINDOW, options.share, slots=options.chats, enforce_eager=True)
            long = runner.run(compare_long(small, options))
    report(alone, served, lag, long, options)


def _on_gpu() -> bool:
    import torch

    return bool(torch.cuda.is_available())


def report(alone: Side, served: Side, lag: Lag, long: Long, options: argparse.Namespace) -> None:
    first, first_served = percentile(alone.first_ms, 0.5), percentile(served.first_ms, 0.5)
    ratios = [through / direct for direct, through in zip(alone.rates, served.rates, strict=True)]
    pairs = zip(alone.first_ms, served.first_ms, strict=True)
    ratio, added = percentile(ratios, 0.5), percentile([through - direct for direct, through in pairs], 0.5)
    rows = [
        ("model", options.model or f"random, {options.size}"),
        ("first token, vLLM alone, p50 ms", round(first, 2)),
        ("first token, through the service, p50 ms", round(first_served, 2)),
        ("added to the first token, median of the pairs, ms", round(added, 2)),
        (f"tokens/s, {options.chats} chats, vLLM alone", round(percentile(alone.rates, 0.5), 1)),
        (f"tokens/s, {options.chats} chats, through the service", round(percentile(served.rates, 0.5), 1)),
        ("ratio of tokens/s, median of the rounds", round(ratio, 3)),
        (f"turns with a full window, of {options.turns} each", len(long.read)),
        ("added to the first token then, ms", round(long.added_ms, 2)),
        (f"tokens read anew at each of them, p50, of {WINDOW}", percentile(long.read, 0.5)),
        ("the same, p90", percentile(long.read, 0.9)),
    ]
    result = {
        "ttft_added_ms": round(added, 2),
        "throughput_ratio": round(ratio, 4),
        "ttft_added_long_ms": round(long.added_ms, 2),
        "prefill_tokens_share_p90": round(long.share_p90, 4),
    }
    show("What the LLM service adds to vLLM", rows, result, lag)


if __name__ == "__main__":
    main()
