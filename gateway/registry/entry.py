"""One model of the registry, checked, and the settings that make the LLM service load it."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from chassis.engine_names import plain_name
from chassis.faults import InvalidArgument

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
RESERVED = frozenset({"default", "load", "loaded", "unload"})
ENGINES = ("vllm", "transformers", "llama_cpp", "openai", "tutor")
"""However they are written: BeautyAI says llama.cpp."""
VARIABLES = {
    "gpu_memory_utilization": "LLM_GPU_MEMORY_UTILIZATION",
    "tensor_parallel_size": "LLM_TENSOR_PARALLEL_SIZE",
    "max_new_tokens": "LLM_MAX_TOKENS",
    "temperature": "LLM_TEMPERATURE",
    "top_p": "LLM_TOP_P",
    "n_ctx": "LLM_MAX_MODEL_LEN",
    "n_gpu_layers": "LLM_GPU_LAYERS",
    "n_threads": "LLM_THREADS",
}
PLAIN = {"LLM_DTYPE": "auto", "LLM_QUANTIZATION": ""}
QUANTIZATION = {"vllm": ("awq", "gptq", "fp8", "bitsandbytes"), "transformers": ("4bit", "8bit")}
"""What each engine is told. Other words describe the files, which say it themselves."""


class ModelEntry(BaseModel):
    """Fields that we do not know are kept as they are."""

    model_config = ConfigDict(extra="allow", protected_namespaces=())

    model_id: str = Field(min_length=1, max_length=400)
    engine_type: str = "transformers"
    quantization: str | None = None
    dtype: str | None = None
    description: str | None = Field(None, max_length=2000)
    max_new_tokens: int | None = Field(None, ge=1, le=32_768)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    do_sample: bool | None = None
    gpu_memory_utilization: float | None = Field(None, gt=0, le=1)
    tensor_parallel_size: int | None = Field(None, ge=1, le=64)
    model_architecture: Literal["causal_lm", "seq2seq_lm"] | None = None
    model_filename: str | None = Field(None, max_length=400)
    model_path: str | None = Field(None, max_length=1000)
    n_gpu_layers: int | None = Field(None, ge=-1, le=1000)
    n_ctx: int | None = Field(None, ge=256, le=1_048_576)
    n_threads: int | None = Field(None, ge=0, le=1024)

    @field_validator("engine_type", mode="before")
    @classmethod
    def take_null_for_nothing(cls, value: Any) -> Any:
        return cls.model_fields["engine_type"].default if value is None else value

    @field_validator("engine_type")
    @classmethod
    def check_engine(cls, value: str) -> str:
        if plain_name(value) not in ENGINES:
            raise ValueError(f"it must be one of {', '.join(ENGINES)}")
        return value

    @field_validator("dtype")
    @classmethod
    def check_dtype(cls, value: str | None) -> str | None:
        if value is not None and value.removeprefix("torch.") not in DTYPES:
            raise ValueError(f"it must be one of {', '.join(DTYPES)}")
        return value

    @model_validator(mode="after")
    def check_architecture(self) -> "ModelEntry":
        if self.model_architecture == "seq2seq_lm":
            raise ValueError("model_architecture seq2seq_lm cannot hold a conversation; use a causal_lm")
        return self

    def written(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {
            name: value
            for name, value in self.model_dump().items()
            if value is not None or name not in type(self).model_fields
        }

    def settings(self) -> dict[str, str]:
        """What the LLM service is told, by variable."""
        engine = plain_name(self.engine_type)
        # What the service's own model needs is nothing to this one.
        told = {**PLAIN, "LLM_ENGINE": engine, "LLM_MODEL_NAME": self._where(engine)}
        if self.dtype:
            told["LLM_DTYPE"] = DTYPES[self.dtype.removeprefix("torch.")]
        if (word := (self.quantization or "").lower()) in QUANTIZATION.get(engine, ()):
            told["LLM_QUANTIZATION"] = word
        given = {name: getattr(self, name) for name in VARIABLES}
        told |= {VARIABLES[name]: str(value) for name, value in given.items() if value is not None}
        if self.do_sample is False:
            told["LLM_TEMPERATURE"] = "0"
        return told

    def _where(self, engine: str) -> str:
        if engine != "llama_cpp":
            return self.model_path or self.model_id
        if self.model_path:
            return self.model_path
        return f"{self.model_id}:{self.model_filename}" if self.model_filename else self.model_id


DTYPES = {
    "auto": "auto",
    "float16": "float16",
    "fp16": "float16",
    "half": "float16",
    "bfloat16": "bfloat16",
    "bf16": "bfloat16",
    "float32": "float32",
    "fp32": "float32",
}


def read_entry(name: str, fields: Any) -> ModelEntry:
    """Raises InvalidArgument, naming the model and the field."""
    check_name(name)
    try:
        return ModelEntry.model_validate(fields)
    except ValidationError as bad:
        first = bad.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        given = "" if isinstance(first["input"], dict) else f", not {str(first['input'])[:80]!r}"
        problem = f"{first['msg'].removeprefix('Value error, ')}{given}"
        raise InvalidArgument(f"model {name!r}: {where + ': ' if where else ''}{problem}") from None


def check_name(name: str) -> None:
    """Raises InvalidArgument for a name that no path can carry."""
    if not NAME.fullmatch(name) or name in RESERVED:
        raise InvalidArgument(
            f"{name[:100]!r} cannot name a model: letters, digits and . _ : - up to 100, and none of "
            f"{', '.join(sorted(RESERVED))}"
        )
