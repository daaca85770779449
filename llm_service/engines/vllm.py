"""vLLM in this process: AsyncLLM, whose own process holds the model and batches all replies.

A reply that nobody wants any more is aborted in the engine at once, so that its place and its KV cache are
free for the next turn. Texts never reach a log.
"""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from chassis.faults import Fault, InternalFault, InvalidArgument, NotReady, Unavailable
from chassis.logs import get_logger
from engine_room.engines import EngineInfo
from engine_room.footprints import check_share
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from engine_room.hub_reach import settle_hub
from llm_service.engine import Abilities, LlmOutput, Prompt
from llm_service.engines import vllm_metrics, vllm_slots
from llm_service.engines.local_model import LocalModel
from llm_service.engines.vllm_start import start, stop
from llm_service.engines.warming import warm_up
from llm_service.text.chat_template import ChatTemplate
from llm_service.text.window import Task, make_task

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
MAX_REASON_CHARS = 300
FEW_CHARS = 2000
"""Of new words: they are turned into tokens within a millisecond."""
BEHIND = 1
"""vLLM's priority of what nobody waits for to hear: it comes after all that has 0, and makes room for it."""
DEAD = "the language model's engine has died; load it again"


@dataclass(frozen=True, slots=True)
class _Core:
    """A loaded model."""

    engine: "AsyncLLM"
    template: ChatTemplate


class VllmEngine:
    def __init__(self, model: LocalModel) -> None:
        self._model = model
        self._share = model.gpu_memory_utilization
        self._grant: Grant | None = None
        self._slots = model.slots or vllm_slots.WITHOUT_A_GRANT
        self._core: _Core | None = None
        self._live: set[str] = set()
        self._worker: ThreadPoolExecutor | None = None
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="vllm",
            model=self._model.name,
            slots=self._slots,
            languages=("any",),
            device=_device() if self._core else "cuda",
            abilities=self.abilities.names,
        )

    @property
    def abilities(self) -> Abilities:
        tools = self._core is not None and self._core.template.knows_tools
        return Abilities(sampling=SAMPLING, tools=tools, json_schema=True)

    @property
    def gpu_need(self) -> GpuNeed:
        share = Amount(share=self._model.gpu_memory_utilization)
        return GpuNeed(share, self._model.tensor_parallel_size, "LLM_GPU_MEMORY_UTILIZATION")

    def keep_to(self, grant: Grant) -> None:
        """Raises NotReady where a model that is known does not fit."""
        check_share(self._model.name, self._model.tensor_parallel_size, grant)
        self._share, self._grant = grant.share, grant

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
        await settle_hub(self._model.name)
        self.progress = "starting vLLM and reading the weights"
        model = self._model
        slots = model.slots or vllm_slots.prepared(
            model.max_model_len, self._grant, model.tensor_parallel_size
        )
        try:
            engine = await start(replace(model, gpu_memory_utilization=self._share, slots=slots))
        except Exception as error:
            raise NotReady(f"vLLM cannot load {self._model.name!r}: {_one_line(error)}") from error
        try:
            self._core = _Core(engine, ChatTemplate(engine.get_tokenizer()))
            self._slots = self._fitting(slots, vllm_slots.cache_tokens(engine))
            self._worker = ThreadPoolExecutor(1, thread_name_prefix="vllm-prompt")
            vllm_metrics.show()
            self.progress = "warming up"
            await warm_up(self)
        except BaseException:
            await stop(engine)
            await self.unload()
            raise

    def _fitting(self, slots: int, tokens: int) -> int:
        """The slots that the cache has room for; the operator's, and a warning, where those are more."""
        room = vllm_slots.held(tokens, self._model.max_model_len)
        log.info("kv cache", tokens=tokens, conversations=room, places=slots)
        if self._model.slots > room:
            log.warning(
                "LLM_SLOTS is more than the KV cache holds: replies will push each other out",
                slots=slots,
                room=room,
            )
        return self._model.slots or min(slots, room)

    async def unload(self) -> None:
        core, self._core = self._core, None
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.shutdown(wait=False)
            vllm_metrics.hide()
        if core is not None:
            await stop(core.engine)

    async def clear_cache(self) -> None:
        """Prefixes read before are forgotten; the memory stays with vLLM, which takes its share at once."""
        if self._core is not None:
            await self._core.engine.reset_prefix_cache()

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        core, worker = self._core, self._worker
        if core is None or worker is None:
            raise NotReady("the vllm engine is not loaded")
        if core.engine.errored:
            raise Unavailable(DEAD)
        request_id = f"{prompt.turn}-{uuid4().hex}"
        self._live.add(request_id)
        try:
            task = await self._make_task(core, worker, prompt)
            params = self._params(prompt, task)
            priority = BEHIND if prompt.background else 0
            async with aclosing(_write(core.engine, task, params, request_id, priority)) as outputs:
                async for output in outputs:
                    yield output
        except Fault:
            raise
        except Exception as error:
            raise _fault(error) from error
        finally:
            self._live.discard(request_id)

    async def _make_task(self, core: _Core, worker: ThreadPoolExecutor, prompt: Prompt) -> Task:
        """In a thread; at once where a thread would take longer to wake than this takes."""
        work = partial(make_task, core.template, prompt, self._model.max_model_len, self._model.max_tokens)
        if core.template.remembers(prompt, FEW_CHARS):
            return work()
        return await asyncio.get_running_loop().run_in_executor(worker, work)

    def _params(self, prompt: Prompt, task: Task) -> "SamplingParams":
        from vllm.sampling_params import RequestOutputKind, SamplingParams, StructuredOutputsParams

        wanted: dict[str, Any] = {
            "temperature": self._model.temperature,
            "top_p": self._model.top_p,
            **prompt.sampling.given(),
            "max_tokens": task.max_tokens,
        }
        if "stop" in wanted:
            wanted["stop"] = list(wanted["stop"])
        if task.schema:
            wanted["structured_outputs"] = StructuredOutputsParams(json=task.schema)
        return SamplingParams(output_kind=RequestOutputKind.DELTA, **wanted)


async def _write(
    engine: "AsyncLLM", task: Task, params: "SamplingParams", request_id: str, priority: int
) -> AsyncGenerator[LlmOutput, None]:
    """One reply. Closing it aborts the request in the engine before it returns."""
    from vllm.inputs import tokens_input

    prompt, written = tokens_input(task.tokens), 0
    async with aclosing(engine.generate(prompt, params, request_id, priority=priority)) as outputs:
        async for output in outputs:
            piece = output.outputs[0]
            written += len(piece.token_ids)
            for item in task.reader.take(piece.text):
                yield item
            if piece.finish_reason in ("abort", "error"):
                raise Unavailable("the language model's engine gave the reply up")
            if output.finished:
                for item in task.reader.finish(piece.finish_reason, len(task.tokens), written):
                    yield item
    if task.reader.dropped:
        log.warning("unreadable tool calls", dropped=task.reader.dropped)


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
