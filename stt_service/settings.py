"""Settings of the STT service."""

from typing import Literal, Self

from pydantic import Field, model_validator

from engine_room.settings import ModelSettings
from protos.sound import HEARD_RATE
from stt_service.kyutai_names import LARGE, SMALL


class SttSettings(ModelSettings):
    stt_engine: Literal["moonshine", "moshi", "transformers", "whisper", "fake"] = Field(
        "moonshine", description="speech-to-text engine"
    )
    stt_slots: int = Field(
        16,
        ge=1,
        le=4096,
        description="sessions that can be heard at once; moshi: people who can speak at once",
    )
    stt_sessions_per_slot: int = Field(
        2,
        ge=1,
        le=8,
        description="moshi: sessions for each slot, which they have only while somebody speaks; a speaker "
        "who finds none free is heard a little later",
    )
    stt_tick_ms: float = Field(
        80, ge=5, le=200, description="moshi: how often all slots are stepped; less is sooner and costs more"
    )
    asr_model_name: str = Field(
        "",
        max_length=400,
        description=f"the model, where the engine has several; moshi begins with {SMALL}; {LARGE} makes "
        "fewer mistakes, and for them knows English alone, writes 2.5 s late, predicts no pauses that end "
        "turns, and takes 2.6 times the memory",
    )
    asr_device: str = Field("", max_length=20, description="cuda, cuda:1, cpu; empty: the best there is")
    asr_dtype: Literal["auto", "float16", "bfloat16", "float32"] = Field("auto", description="number format")
    stt_fallback: Literal["whisper", "none"] = Field(
        "whisper", description="what listens when moshi cannot load"
    )
    asr_sample_rate: int = Field(
        HEARD_RATE, ge=HEARD_RATE, le=HEARD_RATE, description="what engines hear, in Hz"
    )
    asr_stream_delay_ms: int = Field(
        0, ge=0, le=10_000, description="moshi: how late its words are written; 0: as its checkpoint says"
    )
    asr_temperature: float = Field(
        0.25,
        ge=0,
        le=2,
        description="moshi: chance in what it writes; 0: none, and the small model falls silent more often",
    )
    asr_prefer_moshi: bool = Field(True, description="moshi before transformers, where both may be taken")
    asr_enable_kyutai_transformers: bool = Field(
        False, description="whether transformers may stand in for moshi, before whisper does"
    )
    asr_kyutai_attn_implementation: Literal["", "eager", "sdpa", "flash_attention_2"] = Field(
        "", description="transformers: how attention is computed; empty: its own choice"
    )
    asr_whisper_fallback_model: str = Field(
        "openai/whisper-large-v3",
        min_length=1,
        max_length=400,
        description="whisper: its model, a folder or a name such as base.en",
    )
    stt_partial_s: float = Field(
        0.5,
        ge=0,
        le=60,
        description="moonshine, whisper: least seconds of speech between partials; 0: none, but in pauses "
        "that may be the end",
    )
    stt_vad: Literal["silero", "energy"] = Field("silero", description="voice activity detector of the gate")
    stt_vad_threshold: float = Field(
        0.5, gt=0.15, lt=1, description="probability above which a window is speech"
    )
    stt_start_trigger_ms: int = Field(200, ge=20, le=2000, description="speech needed before a turn starts")
    stt_end_trigger_ms: int = Field(600, ge=100, le=5000, description="silence that ends a turn")
    stt_end_of_turn: Literal["", "silence", "semantic", "smart_turn"] = Field(
        "",
        description="what may end a turn before the silence does; semantic: the engine's pause prediction, "
        f"which only moshi's {SMALL} has; smart_turn: a model that hears in each pause whether one has "
        "finished (12 MB, fetched once), for any engine; empty: semantic where there is one",
    )
    stt_patient_trigger_ms: int = Field(
        1400,
        ge=100,
        le=10_000,
        description="smart_turn: silence that ends a turn which does not sound finished at all, where it is "
        "more than what ends others",
    )
    stt_max_utterance_s: float = Field(60, ge=1, le=600, description="longest utterance")
    asr_silence_rms_threshold: float = Field(
        0.006, ge=0, le=1, description="quieter than this on average and …"
    )
    asr_silence_peak_threshold: float = Field(0.08, ge=0, le=1, description="… at its peak is silence")
    asr_filter_noise_transcripts: bool = Field(True, description="drop what noise makes an engine write")
    asr_noise_max_duration_s: float = Field(
        2.0, ge=0, le=60, description="only utterances up to this are noise"
    )
    asr_drop_common_false_positives: bool = Field(True, description="drop short utterances of listed words")
    asr_common_false_positive_words: str = Field("you", description="those words, comma separated")
    fake_stt_text: str = Field("hello there", max_length=1000, description="what the fake engine understands")
    fake_stt_final_s: float = Field(0.08, ge=0, le=60, description="how long its final takes")

    @property
    def wants_pauses(self) -> bool:
        """Whether somebody said so: else they are used where there are any."""
        return self.stt_end_of_turn == "semantic"

    @model_validator(mode="after")
    def check_pauses(self) -> Self:
        if self.wants_pauses and (self.stt_engine != "moshi" or self.asr_model_name == LARGE):
            raise ValueError(
                "STT_END_OF_TURN=semantic needs an engine that predicts pauses, and only STT_ENGINE=moshi "
                f"with {SMALL} does: say STT_END_OF_TURN=silence, or nothing"
            )
        return self
