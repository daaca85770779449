"""Starts vLLM's engine beside the event loop: its process, its weights, its caches."""

import asyncio
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vllm.v1.engine.async_llm import AsyncLLM

_ENVIRONMENT = {
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # gRPC's threads must not be forked
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_DO_NOT_TRACK": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
}
"""What vLLM reads from the environment, where the operator says nothing else."""


@dataclass(frozen=True, slots=True)
class VllmOptions:
    """`model` is a folder or a name of Hugging Face's hub. `max_model_len`: prompt and reply, in tokens.

    `gpu_memory_utilization` is the whole share of each GPU's memory, weights included; `slots` replies are
    written at once. `max_tokens`, `temperature` and `top_p` are for prompts that say nothing about them.
    """

    model: str
    max_model_len: int = 4096
    gpu_memory_utilization: float = 0.35
    tensor_parallel_size: int = 1
    dtype: str = "auto"
    slots: int = 64
    max_tokens: int = 256
    temperature: float = 0.7
    top_p: float = 0.9
    trust_remote_code: bool = False
    enforce_eager: bool = False


async def start(options: VllmOptions) -> "AsyncLLM":
    """The running engine. Its start blocks for seconds to minutes, so a thread waits for it.

    Cancelled: an engine that comes up later is shut down at once. Raises whatever vLLM raises.
    """
    loop = asyncio.get_running_loop()
    started: asyncio.Future[None] = loop.create_future()
    # Libraries keep frames of the stack that first imported them: none of these may hold the engine.
    box: list[AsyncLLM] = []

    def finish(failure: Exception | None) -> None:
        if started.cancelled():
            _shut_down(box)
        elif failure is not None:
            started.set_exception(failure)
        else:
            started.set_result(None)

    def work() -> None:
        failure = None
        try:
            box.append(build(options))
        except Exception as error:
            failure = error
        try:
            loop.call_soon_threadsafe(finish, failure)
        except RuntimeError:  # the loop is closed: the process leaves
            _shut_down(box)

    # A daemon, not an executor's thread: a process told to leave must not wait until the model is up.
    threading.Thread(target=work, name="vllm-start", daemon=True).start()
    await started
    return box.pop()


def _shut_down(box: "list[AsyncLLM]") -> None:
    while box:
        box.pop().shutdown()


def build(options: VllmOptions) -> "AsyncLLM":
    """Blocks until the engine's process has loaded the model."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    from vllm.engine.arg_utils import AsyncEngineArgs
    from vllm.v1.engine.async_llm import AsyncLLM

    return AsyncLLM.from_engine_args(
        AsyncEngineArgs(
            model=options.model,
            max_model_len=options.max_model_len,
            gpu_memory_utilization=options.gpu_memory_utilization,
            tensor_parallel_size=options.tensor_parallel_size,
            dtype=options.dtype,
            max_num_seqs=options.slots,
            trust_remote_code=options.trust_remote_code,
            enforce_eager=options.enforce_eager,
            enable_prefix_caching=True,
            # Between tokens of a schema small models can write blanks for ever.
            structured_outputs_config={"backend": "guidance", "disable_any_whitespace": True},
        )
    )
