"""Settings of the LLM service."""

from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.addresses import check_http_url
from engine_room.settings import ModelSettings

EngineName = Literal["tutor", "openai", "vllm", "transformers", "llama_cpp", "fake"]
MODELS = {
    "vllm": "Qwen/Qwen2.5-7B-Instruct-AWQ",
    "transformers": "Qwen/Qwen2.5-1.5B-Instruct",
    "llama_cpp": "Qwen/Qwen2.5-1.5B-Instruct-GGUF:qwen2.5-1.5b-instruct-q4_k_m.gguf",
}
"""The models of those engines that know one to begin with."""
SLOTS = {"tutor": 32, "openai": 32, "transformers": 4, "llama_cpp": 4, "fake": 256}


class LlmSettings(ModelSettings):
    llm_engine: EngineName = Field("tutor", description="language-model engine")
    tutor_mind: Literal["none", "smollm2"] = Field(
        "none",
        description="what stands behind the tutor's rules and speaks for other agents; smollm2: "
        "SmolLM2-135M-Instruct, English alone, held by no guardrails",
    )
    llm_model_name: str = Field(
        "",
        max_length=400,
        description=f"the model, where the engine has several; vllm begins with {MODELS['vllm']}",
    )
    llm_fallback: Literal["transformers", "none"] = Field(
        "transformers", description="what answers when vllm cannot start"
    )
    llm_fallback_model_name: str = Field(
        "", max_length=400, description=f"its model; empty: {MODELS['transformers']}"
    )
    llm_base_url: str = Field("http://127.0.0.1:8001/v1", description="the openai engine's server")
    llm_api_key: SecretStr = Field(SecretStr(""), description="its key, if it wants one")
    llm_max_model_len: int = Field(
        4096, ge=256, le=1_048_576, description="prompt and reply, in tokens; openai: by estimate"
    )
    llm_gpu_memory_utilization: float = Field(
        0.4, gt=0, le=1, description="share of each GPU's memory, weights included"
    )
    llm_tensor_parallel_size: int = Field(1, ge=1, le=64, description="vllm: GPUs that share the model")
    llm_dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field("auto", description="number format")
    llm_quantization: str = Field(
        "", max_length=40, description="vllm: its name for it; transformers: 4bit or 8bit; empty: the model's"
    )
    llm_max_tokens: int = Field(256, ge=1, le=32_768, description="longest reply where a prompt says nothing")
    llm_temperature: float = Field(0.7, ge=0, le=2, description="where a prompt says nothing")
    llm_top_p: float = Field(0.9, gt=0, le=1, description="where a prompt says nothing")
    llm_enforce_eager: bool = Field(False, description="vllm: no compilation; starts sooner, writes slower")
    llm_gpu_layers: int = Field(-1, ge=-1, le=1000, description="llama_cpp: layers on the GPU; -1: all")
    llm_threads: int = Field(0, ge=0, le=1024, description="llama_cpp: threads; 0: as it likes")
    trust_remote_code: bool = Field(False, description="run code that comes with a model")
    llm_slots: int = Field(
        0,
        ge=0,
        le=4096,
        description="replies written at once; 0: as many as vllm's KV cache has room for, "
        f"{', '.join(f'{e} {n}' for e, n in SLOTS.items())}",
    )
    llm_token_interval_ms: float = Field(
        0, ge=0, le=1000, description="pause of tutor and fake between words"
    )
    fake_llm_first_token_s: float = Field(0.15, ge=0, le=60, description="the fake engine's first-token time")

    @field_validator("llm_base_url")
    @classmethod
    def check_base_url(cls, value: str) -> str:
        return check_http_url(value.strip())

    @model_validator(mode="after")
    def check_model(self) -> Self:
        if self.llm_engine == "openai" and not self.llm_model_name:
            raise ValueError("LLM_MODEL_NAME must name the model when LLM_ENGINE=openai")
        return self

    def model_for(self, engine: str) -> str:
        """The model that an engine loads."""
        return self.llm_model_name or MODELS.get(engine, "")

    def slots_for(self, engine: str) -> int:
        """How many replies an engine writes at once; 0: it finds out itself."""
        return self.llm_slots or SLOTS.get(engine, 0)

    @property
    def fallback_model(self) -> str:
        """What transformers loads in vLLM's place. Not what vLLM was to load: it may be quantized in a way
        that transformers has no kernels for, and be the very reason why nothing could be loaded.
        """
        return self.llm_fallback_model_name or MODELS["transformers"]


CHANGEABLE = frozenset(name for name in LlmSettings.model_fields if name.startswith("llm_"))
"""What a model loaded at run time may bring of its own."""
