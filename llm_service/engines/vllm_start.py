"""Starts vLLM's engine beside the event loop and ends it: its processes, its weights, its caches."""

import asyncio
import multiprocessing
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import psutil

from chassis.threads import run_beside
from engine_room.freed_memory import give_back_gpu
from engine_room.held_memory import end_all
from llm_service.engines.local_model import LocalModel

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

END_S = 10.0
STEP_TOKENS = 512
"""The most that is read and written in one step. A long prompt is read in pieces of this, and between two of
them each other reply gets its next token: so this bounds how long they stand still. By its arithmetic (14
GFLOP a token for 7 billion weights) a card of 24 GB reads 512 tokens in 0.05 to 0.15 s, and vLLM's own 2,048
in four times that; from some 256 tokens on a card is busy, and larger pieces are read no faster.
"""
_ENVIRONMENT = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # gRPC's threads must not be forked
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    # FlashInfer's is compiled by nvcc at the first reply, and dies where there is none: in our images, and on
    # every machine that has a driver alone. vLLM's own, in Triton, needs no compiler.
    "VLLM_USE_FLASHINFER_SAMPLER": "0",
}
"""What vLLM reads from the environment, where the operator says nothing else."""


async def start(model: LocalModel) -> "AsyncLLM":
    """The running engine. Cancelled: one that comes up later is shut down. Raises whatever vLLM raises."""
    return await run_beside(lambda: build(model), lambda engine: engine.shutdown(), "vllm-start")


def build(model: LocalModel) -> "AsyncLLM":
    """Blocks until the engine's process has loaded the model."""
    os.environ.update(environment(model, os.environ))
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    return AsyncLLM.from_engine_args(AsyncEngineArgs(**arguments(model)))


def environment(model: LocalModel, said: Mapping[str, str]) -> dict[str, str]:
    """What vLLM and its processes are to find in their environment; `said`: what the operator has there."""
    given = {name: said.get(name) or value for name, value in _ENVIRONMENT.items()}
    if model.cache:
        given["HF_HUB_CACHE"] = model.cache  # download_dir is for weights alone, not their tokenizer
    return given


def arguments(model: LocalModel) -> dict[str, Any]:
    """vLLM's AsyncEngineArgs, by name."""
    return {
        "model": model.name,
        "max_model_len": model.max_model_len,
        "gpu_memory_utilization": model.gpu_memory_utilization,
        "tensor_parallel_size": model.tensor_parallel_size,
        "dtype": model.dtype,
        "quantization": model.quantization or None,
        "max_num_seqs": model.slots,
        "max_num_batched_tokens": max(STEP_TOKENS, model.slots),
        "scheduling_policy": "priority",
        "trust_remote_code": model.trust_remote_code,
        "enforce_eager": model.enforce_eager,
        "download_dir": model.cache or None,
        "enable_prefix_caching": True,
        # Between tokens of a schema small models can write blanks for ever.
        "structured_outputs_config": {"backend": "guidance", "disable_any_whitespace": True},
    }


async def stop(engine: "AsyncLLM") -> None:
    """End the engine's processes and give back what this one holds of the GPU. Safe to call twice."""
    if engine.output_handler is not None:
        engine.output_handler.cancel()  # or it takes the end of the process for a failure
    await asyncio.to_thread(_end, engine)
    give_back_gpu()


def _end(engine: "AsyncLLM") -> None:
    """vLLM returns when it has told its processes to end; the memory is free when they have."""
    workers = _workers()
    engine.shutdown()
    end_all(workers, END_S)


def _workers() -> list[psutil.Process]:
    """The processes that Python's multiprocessing started for this one, and all below them."""
    found: list[psutil.Process] = []
    for child in multiprocessing.active_children():
        try:
            process = psutil.Process(child.pid)
            found += [process, *process.children(recursive=True)]
        except psutil.NoSuchProcess:
            continue
    return found
