"""Print every setting of every process as Markdown: `python -m cli.settings_table > docs/settings.md`."""

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from analysis_service.settings import AnalysisSettings
from chassis.settings import ProcessSettings, describe_allowed
from engine_room.settings import ServiceSettings
from gateway.settings import GatewaySettings
from llm_service.settings import LlmSettings
from stt_service.settings import SttSettings
from tts_service.settings import TtsSettings

SECTIONS: tuple[tuple[str, type[ProcessSettings], type[ProcessSettings] | None], ...] = (
    ("Every process", ProcessSettings, None),
    ("Every service (not the gateway)", ServiceSettings, ProcessSettings),
    ("gateway", GatewaySettings, ProcessSettings),
    ("stt_service", SttSettings, ServiceSettings),
    ("llm_service", LlmSettings, ServiceSettings),
    ("tts_service", TtsSettings, ServiceSettings),
    ("analysis_service", AnalysisSettings, ServiceSettings),
)


def page() -> str:
    """The whole page."""
    head = (
        "# Settings\n\n"
        "Environment variables, read once at the start. A value that is not allowed stops the start with a\n"
        "message that names the variable. This page is made from the code by `make settings`.\n"
    )
    return head + "".join(section(title, kind, base) for title, kind, base in SECTIONS)


def section(title: str, kind: type[ProcessSettings], base: type[ProcessSettings] | None) -> str:
    """One table: the fields of `kind` that `base` has not."""
    inherited = base.model_fields if base else {}
    rows = [row(name, field) for name, field in kind.model_fields.items() if name not in inherited]
    table = "\n".join(["| variable | what it is | allowed | default |", "| --- | --- | --- | --- |", *rows])
    return f"\n## {title}\n\n{table}\n"


def row(name: str, field: FieldInfo) -> str:
    given = default(field.get_default())
    return f"| `{name.upper()}` | {field.description} | {describe_allowed(field)} | {given} |"


def default(value: object) -> str:
    shown = value.get_secret_value() if isinstance(value, SecretStr) else value
    return f"`{shown}`" if shown not in ("", None) else "none"


def main() -> None:
    print(page(), end="")


if __name__ == "__main__":
    main()
