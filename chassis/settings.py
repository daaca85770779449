"""Settings: one frozen object per process, read once from the environment and passed down.

An unknown or impossible value stops the start with a message that names the variable, what was
given, what is allowed and the default. Nothing reads the environment after this.
"""

import sys
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from chassis.addresses import check_http_url
from chassis.engine_names import plain_name
from chassis.faults import InvalidArgument
from chassis.secrets import check_secret, hide, remember, without_password

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Port = Annotated[int, Field(ge=0, le=65535)]
OF_TRACES = ("otel_exporter_otlp_protocol", "otel_traces_sampler_arg")


class ProcessSettings(BaseSettings):
    """What every process has. Subclasses add their own; each field's name in capitals is its variable."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    log_level: LogLevel = Field(
        "INFO", description="least severity that is logged; of libraries never below WARNING"
    )
    log_format: Literal["json", "console"] = Field("json", description="one JSON object a line, or text")
    metrics_host: str = Field("127.0.0.1", description="address of the Prometheus port")
    metrics_port: Port = Field(0, description="Prometheus port; 0 = none")
    drain_s: float = Field(5.0, ge=0, le=3600, description="longest wait for work under way after SIGTERM")
    otel_exporter_otlp_endpoint: str = Field(
        "", description="where traces go: an OTLP receiver (http://collector:4318); empty: there are none"
    )
    otel_exporter_otlp_headers: SecretStr = Field(
        SecretStr(""), description="what opens that receiver (authorization=Bearer%20…); its library reads it"
    )
    otel_exporter_otlp_protocol: Literal["http/protobuf"] = Field(
        "http/protobuf", description="how they are sent; not looked at where there are none"
    )
    otel_traces_sampler_arg: float = Field(
        1.0,
        ge=0,
        le=1,
        description="the share of turns that is traced, chosen by chance; not looked at where there are none",
    )

    @field_validator("*", mode="before")
    @classmethod
    def forgive_windows(cls, value: Any, info: ValidationInfo) -> Any:
        """A file with Windows' line ends leaves a carriage return at each value; secrets are not touched."""
        name = info.field_name or ""
        if not isinstance(value, str) or cls.model_fields[name].annotation is SecretStr:
            return value
        return plain_name(value) if name.endswith("_engine") else value.rstrip("\r\n")

    @field_validator("*")
    @classmethod
    def check_secrets(cls, value: Any) -> Any:
        """Whatever is a secret can be sent as one, and is known to be one from now on."""
        if isinstance(value, SecretStr):
            check_secret(value.get_secret_value())
            remember(value.get_secret_value())
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def accept_any_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @model_validator(mode="before")
    @classmethod
    def forget_what_is_off(cls, given: Any) -> Any:
        """Operators set these variables for everybody: without an address they mean nothing to us."""
        if isinstance(given, dict) and not given.get("otel_exporter_otlp_endpoint"):
            return {name: value for name, value in given.items() if name not in OF_TRACES}
        return given

    @field_validator("otel_exporter_otlp_endpoint")
    @classmethod
    def check_trace_receiver(cls, value: str) -> str:
        return check_http_url(value) if value else value


S = TypeVar("S", bound=ProcessSettings)


def read_settings(kind: type[S]) -> S:
    """The process's settings, or exit status 2 with one line per bad variable on stderr."""
    try:
        return kind()
    except ValidationError as error:
        for line in complaints(kind, error):
            print(line, file=sys.stderr)
        raise SystemExit(2) from None


def changed(settings: S, changes: Mapping[str, str], allowed: Collection[str]) -> S:
    """The settings with some replaced, by variable. Raises InvalidArgument with every complaint.

    `allowed`: the fields that may be changed at run time.
    """
    given = {variable.lower(): value for variable, value in changes.items()}
    if foreign := sorted(given.keys() - set(allowed)):
        raise InvalidArgument(f"{', '.join(foreign).upper()} cannot be changed at run time")
    kind = type(settings)
    try:
        return kind(**{**settings.model_dump(), **given})
    except ValidationError as error:
        raise InvalidArgument("; ".join(complaints(kind, error))) from None


def complaints(kind: type[BaseSettings], error: ValidationError) -> list[str]:
    """One line per problem: the variable, what was given, what is allowed, the default."""
    lines = []
    for problem in error.errors():
        name = str(problem["loc"][0]) if problem["loc"] else ""
        field = kind.model_fields.get(name)
        what = problem["msg"].removeprefix("Value error, ")
        if field is None:
            lines.append(f"settings: {what}")
            continue
        is_secret = field.annotation is SecretStr
        given = "…" if is_secret else _shown(problem["input"])
        bounds = f"; allowed: {describe_allowed(field)}; default: {field.get_default()!r}"
        lines.append(
            f"{_variables(name, field)}={given} is not possible: {what}"
            f" ({field.description}{'' if is_secret else bounds})"
        )
    return lines


def _shown(given: Any) -> str:
    return repr(hide(without_password(given)) if isinstance(given, str) else given)


def _variables(name: str, field: FieldInfo) -> str:
    """The variable; all of them where several mean the same, for it is not known which was set."""
    names = field.validation_alias.choices if isinstance(field.validation_alias, AliasChoices) else [name]
    return " or ".join(str(alternative).upper() for alternative in names)


def describe_allowed(field: FieldInfo) -> str:
    """The allowed values of a field in words: a list, a range, or its type."""
    if get_origin(field.annotation) is Literal:
        return ", ".join(str(value) for value in get_args(field.annotation))
    bounds = [_describe_bound(item) for item in field.metadata]
    words = " and ".join(bound for bound in bounds if bound)
    return words or getattr(field.annotation, "__name__", str(field.annotation))


def _describe_bound(item: Any) -> str:
    match item:
        case Ge(ge=low):
            return f"at least {low}"
        case Gt(gt=low):
            return f"over {low}"
        case Le(le=high):
            return f"at most {high}"
        case Lt(lt=high):
            return f"under {high}"
        case _:
            return ""
