"""Settings of the LLM service."""

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from chassis.settings import ServiceSettings


class LlmSettings(ServiceSettings):
    llm_engine: Literal["tutor", "openai", "fake"] = Field("tutor", description="language-model engine")
    llm_model_name: str = Field("", max_length=200, description="the model, where the engine has several")
    llm_base_url: str = Field("http://127.0.0.1:8001/v1", description="the openai engine's server")
    llm_api_key: SecretStr = Field(SecretStr(""), description="its key, if it wants one")
    llm_slots: int = Field(32, ge=1, le=4096, description="replies that can be written at once")
    llm_token_interval_ms: float = Field(
        0, ge=0, le=1000, description="pause of tutor and fake between words"
    )
    fake_llm_first_token_s: float = Field(0.15, ge=0, le=60, description="the fake engine's first-token time")

    @model_validator(mode="after")
    def check_model(self) -> Self:
        if self.llm_engine == "openai" and not self.llm_model_name:
            raise ValueError("LLM_MODEL_NAME must name the model when LLM_ENGINE=openai")
        return self
