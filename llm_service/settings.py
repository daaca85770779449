"""Settings of the LLM service."""

from typing import Literal

from pydantic import Field

from chassis.settings import ServiceSettings


class LlmSettings(ServiceSettings):
    llm_engine: Literal["tutor", "fake"] = Field("tutor", description="language-model engine")
    llm_slots: int = Field(32, ge=1, le=4096, description="replies that can be written at once")
    llm_token_interval_ms: float = Field(
        0, ge=0, le=1000, description="pause of tutor and fake between words"
    )
    fake_llm_first_token_s: float = Field(0.15, ge=0, le=60, description="the fake engine's first-token time")
