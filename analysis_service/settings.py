"""Settings of the analysis service."""

from typing import Literal

from pydantic import Field

from chassis.settings import ServiceSettings


class AnalysisSettings(ServiceSettings):
    analysis_engine: Literal["rules", "fake"] = Field("rules", description="analysis engine")
    analysis_slots: int = Field(8, ge=1, le=1024, description="conversations that can be analysed at once")
    fake_analysis_delay_s: float = Field(0.1, ge=0, le=60, description="how long the fake engine takes")
