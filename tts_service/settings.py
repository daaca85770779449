"""Settings of the TTS service."""

from typing import Literal

from pydantic import Field

from engine_room.settings import ModelSettings

MOSHI = "kyutai/tts-1.6b-en_fr"


class TtsSettings(ModelSettings):
    tts_engine: Literal["hibari", "espeak", "moshi", "pocket", "fake"] = Field(
        "hibari", description="text-to-speech engine"
    )
    tts_slots: int = Field(16, ge=1, le=4096, description="replies that can be spoken at once")
    tts_model_name: str = Field(
        "", max_length=400, description=f"the model, where the engine has several; moshi begins with {MOSHI}"
    )
    tts_device: str = Field("", max_length=20, description="cuda, cuda:1, cpu; empty: the best there is")
    tts_dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field("auto", description="number format")
    tts_fallback: Literal["pocket", "espeak", "none"] = Field(
        "pocket", description="what speaks when moshi cannot load; espeak stands behind pocket"
    )
    tts_codebooks: int = Field(
        0,
        ge=0,
        le=32,
        description="moshi: fewer are quicker and rougher; 0: 24, as Kyutai's own server; 32: all",
    )
    tts_voice: str = Field("default", max_length=64, description="voice of agents that name none")
    fake_tts_first_audio_s: float = Field(0.1, ge=0, le=60, description="the fake engine's first-audio time")
