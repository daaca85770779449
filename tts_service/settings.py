"""Settings of the TTS service."""

from typing import Literal

from pydantic import Field

from chassis.settings import ServiceSettings


class TtsSettings(ServiceSettings):
    tts_engine: Literal["espeak", "fake"] = Field("espeak", description="text-to-speech engine")
    tts_slots: int = Field(16, ge=1, le=4096, description="replies that can be spoken at once")
    tts_voice: str = Field("default", max_length=64, description="voice of agents that name none")
    fake_tts_first_audio_s: float = Field(0.1, ge=0, le=60, description="the fake engine's first-audio time")
