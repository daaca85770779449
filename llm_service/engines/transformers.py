"""Hugging Face's transformers: any model, any device, more ways of sampling, and a fraction of vLLM's speed.

It stands in where vLLM cannot start. Replies run in threads of their own, one model for all.
"""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chassis.faults import Fault, InternalFault, InvalidArgument, NotReady
from chassis.logs import get_logger
from chassis.secrets import words_of
from chassis.threads import run_beside
from engine_room.engines import EngineInfo
from engine_room.freed_memory import give_back_gpu
from engine_room.gpu_slice import Amount, GpuNeed, Grant
from engine_room.hub_reach import settle_hub
from engine_room.load_failures import why_not_loaded
from llm_service.engine import Abilities, LlmOutput, Prompt
from llm_service.engines.local_model import LocalModel
from llm_service.engines.warming import warm_up
from llm_service.text.chat_template import ChatTemplate
from llm_service.text.stops import StopCutter
from llm_service.text.window import Task, make_task

if TYPE_CHECKING:
    from llm_service.engines.transformers_schema import SchemaMasks

log = get_logger(__name__)
NAMES = {"max_tokens": "max_new_tokens", "min_tokens": "min_new_tokens"}
"""Our words for theirs, where they differ. Seeds are theirs for the whole process, so they are not here."""
SAMPLING = frozenset(
    {
        "max_tokens",
        "min_tokens",
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "repetition_penalty",
        "stop",
        "do_sample",
        "typical_p",
        "epsilon_cutoff",
        "eta_cutoff",
        "encoder_repetition_penalty",
        "no_repeat_ngram_size",
        "num_beams",
        "length_penalty",
        "early_stopping",
    }
)
LOWEST_TEMPERATURE = 0.01


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Any
    tokenizer: Any
    template: ChatTemplate
    masks: "SchemaMasks"
    ends: frozenset[int]


class TransformersEngine:
    def __init__(self, model: LocalModel) -> None:
        self._model = model
        self._share: float | None = None
        self._loaded: _Loaded | None = None
        self._threads: ThreadPoolExecutor | None = None
        self.progress = ""

    @property
    def info(self) -> EngineInfo:
        return EngineInfo(
            name="transformers",
            model=self._model.name,
            slots=self._model.slots,
            languages=("any",),
            device=str(self._loaded.model.device) if self._loaded else "",
            abilities=self.abilities.names,
        )

    @property
    def abilities(self) -> Abilities:
        tools = self._loaded is not None and self._loaded.template.knows_tools
        return Abilities(sampling=SAMPLING, tools=tools, json_schema=True)

    @property
    def gpu_need(self) -> GpuNeed:
        share = Amount(share=self._model.gpu_memory_utilization)
        return GpuNeed(share, lower="LLM_GPU_MEMORY_UTILIZATION")

    def keep_to(self, grant: Grant) -> None:
        self._share = grant.allocator_share

    async def load(self) -> None:
        """Raises NotReady with the library's reason in one line."""
        await self.unload()
        await settle_hub(self._model.name)
        self.progress = "reading the weights"
        try:
            self._loaded = await run_beside(
                lambda: _read(self._model, self._share), lambda _: None, "transformers-load"
            )
        except Fault:
            raise
        except Exception as error:
            raise NotReady(
                f"transformers cannot load {self._model.name!r}: {why_not_loaded(error)}"
            ) from error
        self._threads = ThreadPoolExecutor(self._model.slots + 1, thread_name_prefix="transformers")
        self.progress = "warming up"
        try:
            await warm_up(self)
        except BaseException:
            await self.unload()
            raise

    async def unload(self) -> None:
        threads, self._threads = self._threads, None
        if threads is not None:
            threads.shutdown(wait=False)
        if self._loaded is not None:
            self._loaded = None
            give_back_gpu()

    async def clear_cache(self) -> None:
        """What torch keeps of freed memory goes back to the card."""
        if self._loaded is not None:
            await asyncio.to_thread(give_back_gpu)

    async def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        loaded, threads = self._loaded, self._threads
        if loaded is None or threads is None:
            raise NotReady("the transformers engine is not loaded")
        _check(prompt)
        loop, model = asyncio.get_running_loop(), self._model
        try:
            task = await loop.run_in_executor(
                threads, make_task, loaded.template, prompt, model.max_model_len, model.max_tokens
            )
            async with aclosing(self._write(loaded, threads, prompt, task)) as outputs:
                async for output in outputs:
                    yield output
        except Fault:
            raise
        except ValueError as error:
            raise InvalidArgument(f"transformers refuses the prompt: {words_of(error)}") from error
        except Exception as error:
            raise InternalFault(f"transformers failed: {type(error).__name__}") from error

    async def _write(
        self, loaded: _Loaded, threads: ThreadPoolExecutor, prompt: Prompt, task: Task
    ) -> AsyncGenerator[LlmOutput, None]:
        from llm_service.engines.transformers_run import Detokenizer, write

        config = _config(self._model, loaded, prompt, task)
        mask = None
        if task.schema:
            loop = asyncio.get_running_loop()
            mask = await loop.run_in_executor(threads, loaded.masks.make, task.schema)
        detokenizer = Detokenizer(loaded.tokenizer.backend_tokenizer)
        cutter = StopCutter(prompt.sampling.stop or ())
        count, last = 0, -1
        async with aclosing(write(loaded.model, task.tokens, config, mask, threads)) as pieces:
            async for ids in pieces:
                count, last = count + len(ids), ids[-1] if ids else last
                for output in task.reader.take(cutter.feed(detokenizer.feed(ids))):
                    yield output
                if cutter.stopped:
                    break
        for output in task.reader.take(cutter.finish()):
            yield output
        reason: Literal["stop", "length"] = "stop" if cutter.stopped or last in loaded.ends else "length"
        for output in task.reader.finish(reason, len(task.tokens), count):
            yield output


def _check(prompt: Prompt) -> None:
    """Raises InvalidArgument for fields that exclude each other here."""
    sampling = prompt.sampling
    if (sampling.num_beams or 1) == 1:
        for name in ("length_penalty", "early_stopping"):
            if getattr(sampling, name) is not None:
                raise InvalidArgument(f"{name} is for beam search: ask for num_beams over 1 with it")
        return
    if prompt.json_schema or prompt.tool_choice not in ("auto", "none"):
        raise InvalidArgument("num_beams over 1 excludes json_schema and forced tools; ask for 1")


def _config(model: LocalModel, loaded: _Loaded, prompt: Prompt, task: Task) -> Any:
    from transformers import GenerationConfig

    given = prompt.sampling.given()
    given.pop("stop", None)
    wanted = {"temperature": model.temperature, "top_p": model.top_p, **given, "max_tokens": task.max_tokens}
    if "min_tokens" in wanted and task.schema:
        raise InvalidArgument("min_tokens and json_schema exclude each other; leave min_tokens out")
    if wanted.get("top_k", 0) < 0:
        wanted["top_k"] = 0
    sampled = wanted.pop("do_sample", wanted["temperature"] >= LOWEST_TEMPERATURE)
    if not sampled:
        for name in ("temperature", "top_p", "top_k", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff"):
            wanted.pop(name, None)
    tokenizer = loaded.tokenizer
    return GenerationConfig(
        **{NAMES.get(name, name): value for name, value in wanted.items()},
        do_sample=bool(sampled),
        eos_token_id=sorted(loaded.ends),
        pad_token_id=tokenizer.pad_token_id if tokenizer.pad_token_id is not None else min(loaded.ends),
    )


def _read(model: LocalModel, share: float | None) -> _Loaded:
    """Blocks until the weights are in memory; no more than `share` of a GPU is taken. Raises NotReady."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    from engine_room.torch_device import take_device
    from llm_service.engines.transformers_schema import SchemaMasks

    device = take_device("", share)
    where = {"trust_remote_code": model.trust_remote_code, "cache_dir": model.cache or None}
    tokenizer = AutoTokenizer.from_pretrained(model.name, **where)
    read = AutoModelForCausalLM.from_pretrained(
        model.name, dtype=model.dtype, **_quantized(model.quantization), **where
    )
    if device.type == "cuda" and not model.quantization:
        read = read.to(device)
    read.eval()
    ends = read.generation_config.eos_token_id
    known = ends if isinstance(ends, list) else [ends, tokenizer.eos_token_id]
    numbers = frozenset(number for number in known if number is not None)
    if not numbers:
        raise NotReady(f"{model.name!r} names no token that ends a reply")
    masks = SchemaMasks(tokenizer, read.config.vocab_size, tokenizer.eos_token_id or min(numbers))
    return _Loaded(read, tokenizer, ChatTemplate(tokenizer), masks, numbers)


def _quantized(quantization: str) -> dict[str, Any]:
    """What to tell the library. A model that is quantized already says so itself."""
    if quantization not in ("4bit", "8bit"):
        return {}
    from transformers import BitsAndBytesConfig

    config = BitsAndBytesConfig(load_in_4bit=quantization == "4bit", load_in_8bit=quantization == "8bit")
    return {"quantization_config": config, "device_map": "auto"}
