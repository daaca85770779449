"""Settings of the analysis service."""

from typing import Literal

from pydantic import Field, SecretStr, field_validator

from chassis.addresses import check_addresses, check_redis_url
from engine_room.settings import ServiceSettings


class AnalysisSettings(ServiceSettings):
    analysis_engine: Literal["rules", "llm", "fake"] = Field("rules", description="analysis engine")
    analysis_slots: int = Field(8, ge=1, le=1024, description="conversations that can be analysed at once")
    llm_addresses: str = Field(
        "127.0.0.1:50052",
        description="llm: LLM replicas, comma separated: host:port, or dns:///host:port for all behind it",
    )
    redis_url: SecretStr = Field(
        SecretStr(""),
        description="where transcripts are and reports are kept; empty: nowhere, what is sent is judged",
    )
    memory_ttl_s: int = Field(86_400, ge=60, le=31_536_000, description="how long a report is kept")
    fake_analysis_delay_s: float = Field(0.1, ge=0, le=60, description="how long the fake engine takes")

    @field_validator("llm_addresses")
    @classmethod
    def check_addresses(cls, value: str) -> str:
        return check_addresses(value)

    @field_validator("redis_url")
    @classmethod
    def check_redis_url(cls, value: SecretStr) -> SecretStr:
        return check_redis_url(value) if value.get_secret_value() else value
