"""Settings of the LLM service."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ServiceSettings


class LlmSettings(ServiceSettings):
    llm_engine: Literal["tutor", "openai", "vllm", "fake"] = Field(
        "tutor", description="language-model engine"
    )
    llm_model_name: str = Field("", max_length=200, description="the model, where the engine has several")
    llm_base_url: str = Field("http://127.0.0.1:8001/v1", description="the openai engine's server")
    llm_api_key: SecretStr = Field(SecretStr(""), description="its key, if it wants one")
    llm_max_model_len: int = Field(
        4096, ge=256, le=1_048_576, description="vllm: prompt and reply together, in tokens"
    )
    llm_gpu_memory_utilization: float = Field(
        0.35, gt=0, le=1, description="vllm: share of each GPU's memory, weights included"
    )
    llm_tensor_parallel_size: int = Field(1, ge=1, le=64, description="vllm: GPUs that share the model")
    llm_dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field(
        "auto", description="vllm: number format"
    )
    llm_max_tokens: int = Field(
        256, ge=1, le=32_768, description="vllm: longest reply where a prompt says nothing"
    )
    llm_temperature: float = Field(0.7, ge=0, le=2, description="vllm: where a prompt says nothing")
    llm_top_p: float = Field(0.9, gt=0, le=1, description="vllm: where a prompt says nothing")
    llm_enforce_eager: bool = Field(False, description="vllm: no compilation; starts sooner, writes slower")
    trust_remote_code: bool = Field(False, description="vllm: run code that comes with the model")
    llm_slots: int = Field(32, ge=1, le=4096, description="replies that can be written at once")
    llm_token_interval_ms: float = Field(
        0, ge=0, le=1000, description="pause of tutor and fake between words"
    )
    fake_llm_first_token_s: float = Field(0.15, ge=0, le=60, description="the fake engine's first-token time")

    @model_validator(mode="after")
    def check_model(self) -> Self:
        if self.llm_engine in ("openai", "vllm") and not self.llm_model_name:
            raise ValueError(f"LLM_MODEL_NAME must name the model when LLM_ENGINE={self.llm_engine}")
        return self
