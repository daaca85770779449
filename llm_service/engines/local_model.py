"""Which model an engine loads into this machine's memory, and how."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LocalModel:
    """`name` is a folder, a name of Hugging Face's hub, or for llama_cpp a .gguf file of either.

    `max_model_len` bounds prompt and reply, in tokens; `slots` replies are written at once, 0 for as many as
    vLLM has room for.
    `gpu_memory_utilization` is the whole share of each GPU's memory, weights included. `max_tokens`,
    `temperature` and `top_p` are for prompts that say nothing about them. An empty `quantization` is the
    model's own; an empty `cache` folder is Hugging Face's; `gpu_layers` -1 means all, `threads` 0 means as
    the library likes.
    """

    name: str
    max_model_len: int = 4096
    gpu_memory_utilization: float = 0.4
    tensor_parallel_size: int = 1
    dtype: str = "auto"
    quantization: str = ""
    slots: int = 64
    max_tokens: int = 256
    temperature: float = 0.7
    top_p: float = 0.9
    trust_remote_code: bool = False
    enforce_eager: bool = False
    gpu_layers: int = -1
    threads: int = 0
    cache: str = ""
