"""Settings of the gateway."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from chassis.addresses import check_addresses, check_redis_url
from chassis.addresses import split as split
from chassis.settings import Port, ProcessSettings
from gateway.conversation.limits import Limits
from gateway.door.admission import Shares
from gateway.door.keys import LOOPBACK, KeyRing, read_keys
from gateway.door.origins import read_hosts, read_origins
from gateway.event_log.event_logs import Bounds, EventLogs

MB = 1_000_000


class GatewaySettings(ProcessSettings):
    host: str = Field("127.0.0.1", description="address of the door")
    port: Port = Field(8000, description="port of the door")
    profile: str = Field("embedded", max_length=40, description="the profile's name, shown to people")
    session_language: str = Field(
        "en",
        min_length=2,
        max_length=16,
        description="language of sessions whose client names none; auto: the recogniser finds it out",
    )
    environment: str = Field("development", max_length=40, description="shown in /status")
    debug: bool = Field(False, description="serve /docs and /redoc")
    stt_addresses: str = Field(
        "127.0.0.1:50051",
        description="STT replicas, comma separated: host:port, or dns:///host:port for all behind it",
    )
    llm_addresses: str = Field("127.0.0.1:50052", description="LLM replicas, likewise")
    tts_addresses: str = Field("127.0.0.1:50053", description="TTS replicas, likewise")
    analysis_addresses: str = Field("127.0.0.1:50054", description="analysis replicas, likewise")
    redis_url: SecretStr = Field(
        SecretStr("redis://127.0.0.1:6379/0"), description="where sessions are remembered"
    )
    memory_ttl_s: int = Field(86_400, ge=60, le=31_536_000, description="how long a session is remembered")
    model_registry: str = Field(
        "", max_length=1000, description="file of the language models that can be loaded by name; empty: none"
    )
    gpu_memory_reserved_gb: float = Field(
        2.0, ge=0, le=1000, description="what the services leave free of a GPU; counted in /gpu"
    )
    enable_memory_efficient_loading: bool = Field(
        True, description="whether the services load one at a time on a GPU; shown in /status"
    )
    cors_origins: str = Field(
        "http://localhost:3000", description="web origins that may connect, comma separated, exact"
    )
    allowed_hosts: str = Field("", description="host names under which the page may connect to itself")
    api_keys: SecretStr = Field(
        SecretStr(""),
        description="visitors' bearer tokens, comma separated: sockets and inference; empty: nobody is asked",
    )
    admin_keys: SecretStr = Field(
        SecretStr(""),
        description="the operator's bearer tokens: they open everything, and nothing else opens what changes "
        "the cluster, /status, /gpu and /system; empty: nobody, but on loopback without API_KEYS everybody",
    )
    allow_anonymous: bool = Field(False, description="listen beyond loopback without API_KEYS")
    http_llm_share: float = Field(
        0.5,
        ge=0,
        le=1,
        description="share of the language model's places that callers over HTTP may take, counted in each "
        "gateway; the rest is kept for conversations",
    )
    max_sessions: int = Field(200, ge=1, le=100_000, description="most sessions at once")
    max_sessions_per_ip: int = Field(200, ge=1, le=100_000, description="most sessions from one address")
    session_llm_share: float = Field(
        0.25,
        ge=0,
        le=1,
        description="places of the language model that one session needs on average; 0: not counted",
    )
    session_tts_share: float = Field(0.5, ge=0, le=1, description="places of the voice, likewise")
    ai_talk_order: Literal["interleaved", "text_first"] = Field(
        "interleaved", description="whether a reply's audio waits for its text on /ws/conversation"
    )
    ws_ping_interval: float = Field(10, ge=1, le=300, description="seconds between WebSocket pings")
    ws_ping_timeout: float = Field(10, ge=1, le=300, description="seconds that a pong may take")
    stt_final_s: float = Field(3, gt=0, le=60, description="longest wait for a final transcript")
    llm_first_token_s: float = Field(3, gt=0, le=60, description="longest wait for the first text")
    llm_stall_s: float = Field(5, gt=0, le=60, description="longest wait for more text of a reply")
    tts_first_audio_s: float = Field(2, gt=0, le=60, description="longest wait for the first audio")
    turn_patience_s: float = Field(
        1.2,
        ge=0,
        le=10,
        description="longer wait for a user whose words call for more: a number, a spelling, um, and; 0: no",
    )
    turn_drafts: bool = Field(
        True,
        description="begin a reply in the silence that may be the end of a turn, and use it if it is: sooner "
        "answers, and now and then one that is written in vain",
    )
    turn_wait_s: float = Field(8, gt=0, le=120, description="longest wait for a reply to be heard")
    idle_s: float = Field(300, ge=5, le=86_400, description="a session in which nothing is said ends")
    event_log_dir: str = Field(
        "",
        max_length=1000,
        description="folder of event logs, for `parley replay`: of sessions whose client asks for one, with "
        "the words that were said and no audio; empty: there are none",
    )
    event_log_session_mb: int = Field(
        16, ge=1, le=1024, description="most megabytes of one event log; what comes after is not kept"
    )
    event_log_files: int = Field(
        1000, ge=1, le=100_000, description="most event logs in the folder; the oldest go first"
    )
    event_log_ttl_s: int = Field(
        604_800, ge=60, le=31_536_000, description="how long an event log is kept after its last line"
    )

    @field_validator("stt_addresses", "llm_addresses", "tts_addresses", "analysis_addresses")
    @classmethod
    def check_addresses(cls, value: str) -> str:
        return check_addresses(value)

    @field_validator("redis_url")
    @classmethod
    def check_redis_url(cls, value: SecretStr) -> SecretStr:
        return check_redis_url(value)

    @field_validator("cors_origins")
    @classmethod
    def check_origins(cls, value: str) -> str:
        return read_origins(value)

    @field_validator("allowed_hosts")
    @classmethod
    def check_hosts(cls, value: str) -> str:
        return read_hosts(value)

    @field_validator("api_keys", "admin_keys")
    @classmethod
    def check_keys(cls, value: SecretStr) -> SecretStr:
        read_keys(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def check_keys_differ(self) -> Self:
        if set(read_keys(self.api_keys.get_secret_value())) & set(
            read_keys(self.admin_keys.get_secret_value())
        ):
            raise ValueError("a key is in API_KEYS and in ADMIN_KEYS, where it would make visitors operators")
        return self

    @model_validator(mode="after")
    def check_exposure(self) -> Self:
        """Beyond loopback somebody must be asked for a key, or the operator must say that nobody is."""
        if self.host not in LOOPBACK and not (self.api_keys.get_secret_value() or self.allow_anonymous):
            raise ValueError(
                f"HOST={self.host} lets other machines in: set API_KEYS, or ALLOW_ANONYMOUS=true if "
                "something in front asks who they are"
            )
        return self

    def key_ring(self) -> KeyRing:
        """The keys of both kinds."""
        return KeyRing(
            read_keys(self.api_keys.get_secret_value()),
            read_keys(self.admin_keys.get_secret_value()),
            private=self.host in LOOPBACK,
        )

    def shares(self) -> Shares:
        return Shares(self.session_llm_share, self.session_tts_share)

    def event_logs(self) -> EventLogs | None:
        """None: there are none."""
        if not self.event_log_dir:
            return None
        bounds = Bounds(self.event_log_session_mb * MB, self.event_log_files, self.event_log_ttl_s)
        return EventLogs(Path(self.event_log_dir), bounds)

    def limits(self) -> Limits:
        return Limits(
            stt_final_s=self.stt_final_s,
            patience_s=self.turn_patience_s,
            drafts=self.turn_drafts,
            first_text_s=self.llm_first_token_s,
            text_stall_s=self.llm_stall_s,
            first_audio_s=self.tts_first_audio_s,
            whole_wait_s=self.turn_wait_s,
            idle_s=self.idle_s,
        )
