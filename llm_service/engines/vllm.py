"""vLLM in this process: AsyncLLM, whose own process holds the model and batches all replies.

A reply that nobody wants any more is aborted in the engine at once, so that its place and its KV cache are
free for the next turn. Texts never reach a log.
"""

import asyncio
import gc
import sys
from collections.abc import AsyncGenerator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chassis.engines import EngineInfo
from chassis.faults import Fault, InternalFault, InvalidArgument, NotReady, Unavailable
from chassis.logs import get_logger
from llm_service.engine import Abilities, LlmOutput, Message, Prompt, Sampling
from llm_service.engines import vllm_metrics
from llm_service.engines.history import fit
from llm_service.engines.tool_calls import call_schema
from llm_service.engines.vllm_reply import Kind, ReplyReader
from llm_service.engines.vllm_start import VllmOptions, start
from llm_service.engines.vllm_template import (
    ChatTemplate,
    Rendered,
    constrained,
    forced_tools,
    offered_tools,
)

if TYPE_CHECKING:
    from vllm.sampling_params import SamplingParams
    from vllm.v1.engine.async_llm import AsyncLLM

log = get_logger(__name__)
SAMPLING = frozenset(
    {
        "max_tokens",
        "min_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "stop",
    }
)
WARM_TOKENS = 8
WARM_SCHEMA = '{"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}'
MAX_REASON_CHARS = 300
DEAD = "the language model's engine has died; load it again"


@dataclass(frozen=True, slots=True)
class _Core:
    """A loaded model."""

    engine: "AsyncLLM"
    template: ChatTemplate


@dataclass(frozen=True, slots=True)
class _Request:
    """A prompt as vLLM takes it, and how to read what comes."""

    tokens: list[int]
    params: "SamplingParams"
    reader: ReplyReader


class VllmEngine:
    def __init__(self, options: VllmOptions) -> None:
        self._options = options
        self._core: _Core | None = None
        self._live: set[str] = set()
        self._worker: ThreadPoolExecutor | None = None

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="vllm",
            model=self._options.model,
            slots=self._options.slots,
            languages=("any",),
            device=_device() if self._core else "cuda",
            abilities=self.abilities.names,
        )

    @property
    def abilities(self) -> Abilities:
        tools = self._core is not None and self._core.template.knows_tools
        return Abilities(sampling=SAMPLING, tools=tools, json_schema=True)

    @property
    def running(self) -> int:
        """How many replies are being written."""
        return len(self._live)

    @property
    def healthy(self) -> bool:
        """False when not loaded, and for good once the engine's process has died; load again to heal."""
        return self._core is not None and not self._core.engine.errored

    @property
    def kv_usage(self) -> float:
        """The share of the KV cache in use, 0 to 1, as of the engine's last step."""
        return vllm_metrics.kv_usage()

    async def load(self) -> None:
        """Raises NotReady with vLLM's reason in one line; its own log has the whole."""
        await self.unload()
        try:
            engine = await start(self._options)
        except Exception as error:
            raise NotReady(f"vLLM cannot load {self._options.model!r}: {_one_line(error)}") from error
        try:
            self._core = _Core(engine, ChatTemplate(engine.get_tokenizer()))
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="vllm-prompt")
            vllm_metrics.show()
            await self._warm()
        except BaseException:
            await _stop(engine)
            await self.unload()
            raise

    async def _warm(self) -> None:
        """Kernels and grammars are made on first use: the first caller must not wait for them."""
        for schema in ("", WARM_SCHEMA):
            hello = Prompt(
                0, (Message("user", "Hello"),), Sampling(max_tokens=WARM_TOKENS), json_schema=schema
            )
            async with aclosing(self.chat(hello)) as outputs:
                async for _ in outputs:
                    pass

    async def unload(self) -> None:
        core, self._core = self._core, None
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=False)
            vllm_metrics.hide()
        if core is not None:
            await _stop(core.engine)

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        core, worker = self._core, self._worker
        if core is None or worker is None:
            raise NotReady("the vllm engine is not loaded")
        if core.engine.errored:
            raise Unavailable(DEAD)
        request_id = f"{prompt.turn}-{uuid4().hex}"
        self._live.add(request_id)
        try:
            loop = asyncio.get_running_loop()
            request = await loop.run_in_executor(worker, self._prepare, core.template, prompt)
            async with aclosing(_write(core.engine, request, request_id)) as outputs:
                async for output in outputs:
                    yield output
        except Fault:
            raise
        except Exception as error:
            raise _fault(error) from error
        finally:
            self._live.discard(request_id)

    def _prepare(self, template: ChatTemplate, prompt: Prompt) -> _Request:
        """Fit the history, leaving room for the reply, up to half of the window. Takes milliseconds."""
        window = self._options.max_model_len
        asked = prompt.sampling.max_tokens or self._options.max_tokens
        kind = reply_kind(prompt)
        tried: dict[int, Rendered] = {}  # by the number of messages kept

        def count(messages: Sequence[Message]) -> int:
            tried[len(messages)] = template.render(messages, prompt)
            return len(tried[len(messages)].tokens)

        kept = fit(prompt.messages, window - min(asked, window // 2), count)
        rendered = tried[len(kept)]
        params = self._params(prompt, min(asked, window - len(rendered.tokens)))
        return _Request(rendered.tokens, params, ReplyReader(kind, rendered.thinking))

    def _params(self, prompt: Prompt, max_tokens: int) -> "SamplingParams":
        from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

        wanted: dict[str, Any] = {
            "temperature": self._options.temperature,
            "top_p": self._options.top_p,
            **prompt.sampling.given(),
            "max_tokens": max_tokens,
        }
        if "stop" in wanted:
            wanted["stop"] = list(wanted["stop"])
        schema = call_schema(forced_tools(prompt)) if forced_tools(prompt) else prompt.json_schema
        if schema:
            wanted["structured_outputs"] = StructuredOutputsParams(json=schema)
        return SamplingParams(output_kind=RequestOutputKind.DELTA, **wanted)


async def _write(engine: "AsyncLLM", request: _Request, request_id: str) -> AsyncGenerator[LlmOutput, None]:
    """One reply. Closing it aborts the request in the engine before it returns."""
    from vllm.inputs import tokens_input

    prompt, written = tokens_input(request.tokens), 0
    async with aclosing(engine.generate(prompt, request.params, request_id)) as outputs:
        async for output in outputs:
            piece = output.outputs[0]
            written += len(piece.token_ids)
            for item in request.reader.take(piece.text):
                yield item
            if piece.finish_reason in ("abort", "error"):
                raise Unavailable("the language model's engine gave the reply up")
            if output.finished:
                for item in request.reader.finish(piece.finish_reason, len(request.tokens), written):
                    yield item
    if request.reader.dropped:
        log.warning("unreadable tool calls", dropped=request.reader.dropped)


def reply_kind(prompt: Prompt) -> Kind:
    """Raises InvalidArgument for a prompt that wants two things at once."""
    if forced_tools(prompt) and prompt.json_schema:
        raise InvalidArgument("json_schema and a tool_choice that forces a call exclude each other")
    if constrained(prompt):
        return "json" if prompt.json_schema else "call"
    return "tools" if offered_tools(prompt) else "talk"


def _fault(error: Exception) -> Fault:
    """Who is to blame for an exception of vLLM's."""
    from vllm.exceptions import VLLMClientError
    from vllm.v1.engine.exceptions import EngineDeadError

    if isinstance(error, EngineDeadError):
        return Unavailable(DEAD)
    if isinstance(error, VLLMClientError | ValueError):
        return InvalidArgument(f"vLLM refuses the prompt: {_one_line(error)}")
    return InternalFault(f"vLLM failed: {type(error).__name__}")


def _one_line(error: Exception) -> str:
    words = " ".join(str(error).split()) or type(error).__name__
    return words[:MAX_REASON_CHARS]


def _device() -> str:
    from vllm.platforms import current_platform

    return str(current_platform.device_type)


async def _stop(engine: "AsyncLLM") -> None:
    """End the engine's process and give back what this one holds of the GPU. Safe to call twice."""
    if engine.output_handler is not None:
        engine.output_handler.cancel()  # or it takes the end of the process for a failure
    await asyncio.to_thread(engine.shutdown)
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()
