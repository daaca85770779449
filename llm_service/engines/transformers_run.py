"""One reply of a transformers model: a thread that writes, and a loop that reads what is written."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import Executor
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream
from transformers import (
    GenerationConfig,
    LogitsProcessor,
    LogitsProcessorList,
    StoppingCriteria,
    StoppingCriteriaList,
)
from transformers.generation.streamers import BaseStreamer

END = object()


class Detokenizer:
    """From token ids to text, a character only when all its bytes are there. Special tokens are no text."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(skip_special_tokens=True)

    def feed(self, ids: Sequence[int]) -> str:
        return "".join(self._stream.step(self._tokenizer, number) or "" for number in ids)


class _Streamer(BaseStreamer):  # type: ignore[misc]  # the library is untyped
    """Tells each new token; the first call brings the prompt, which nobody wants back."""

    def __init__(self, tell: Callable[[list[int]], None]) -> None:
        self._tell = tell
        self._past_prompt = False

    def put(self, value: Any) -> None:
        if self._past_prompt:
            self._tell(value.flatten().tolist())
        self._past_prompt = True

    def end(self) -> None:
        """The thread's end says it better."""


class _Cancelled(StoppingCriteria):  # type: ignore[misc]  # the library is untyped
    def __init__(self, cancelled: threading.Event) -> None:
        self._cancelled = cancelled

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002
        return torch.full((input_ids.shape[0],), self._cancelled.is_set(), device=input_ids.device)


async def write(
    model: Any, tokens: list[int], config: GenerationConfig, mask: LogitsProcessor | None, executor: Executor
) -> AsyncGenerator[list[int], None]:
    """The ids of the reply as they are written: one at a time, or all at the end of a beam search.

    Closed early, the thread is told to stop and is waited for: at most one more step of the model.
    """
    loop = asyncio.get_running_loop()
    cancelled = threading.Event()
    written: asyncio.Queue[Any] = asyncio.Queue()  # bounded by the config's max_new_tokens

    def tell(item: Any) -> None:
        loop.call_soon_threadsafe(written.put_nowait, item)

    def run() -> None:
        inputs = torch.tensor([tokens], device=model.device)
        beams = (config.num_beams or 1) > 1
        output = model.generate(
            inputs,
            attention_mask=torch.ones_like(inputs),
            generation_config=config,
            logits_processor=LogitsProcessorList([mask] if mask else []),
            stopping_criteria=StoppingCriteriaList([_Cancelled(cancelled)]),
            streamer=None if beams else _Streamer(tell),
        )
        if beams:
            tell(output[0, len(tokens) :].tolist())

    running = loop.run_in_executor(executor, run)
    running.add_done_callback(lambda _: written.put_nowait(END))
    try:
        while (ids := await written.get()) is not END:
            yield ids
        await running
    finally:
        cancelled.set()
        await asyncio.wait([running])
