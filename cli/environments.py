"""Which Python runs a service: engines whose libraries clash live in environments of their own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from chassis.engine_names import plain_name

ENVIRONMENTS = {
    "vllm": "vllm",
    "transformers": "vllm",
    "moshi": "kyutai",
    "whisper": "cpu",
    "llama_cpp": "cpu",
    "pocket": "cpu",
}
"""By engine: the folder under .venvs that the Makefile makes for it."""
MADE_BY = {"vllm": ".venvs/vllm/.made", "kyutai": ".venvs/kyutai/.made", "cpu": ".venvs/cpu/.run"}
"""The Makefile's target for each."""


def interpreter(service: str, engines: Mapping[str, str]) -> str:
    """The operator's (STT_PYTHON, …), else of the engine's own environment where there is one, else this."""
    return os.environ.get(_variable(service)) or _own(service, engines) or sys.executable


def how_to_install(service: str, engines: Mapping[str, str], extra: str) -> str:
    """The command that brings an engine's libraries where its service will look for them."""
    folder = _folder(service, engines)
    chosen = os.environ.get(_variable(service)) or _own(service, engines)
    if chosen or folder is None or not _beside_a_makefile():
        python = f"{quote(chosen)} -m " if chosen else ""
        return f"{python}pip install -e '.[{extra}]'"
    return f"make {MADE_BY[folder]}"


def _variable(service: str) -> str:
    return f"{service.upper()}_PYTHON"


def _folder(service: str, engines: Mapping[str, str]) -> str | None:
    return ENVIRONMENTS.get(plain_name(engines.get(f"{service.upper()}_ENGINE", "")))


def _own(service: str, engines: Mapping[str, str]) -> str:
    folder = _folder(service, engines)
    if folder is not None:
        for parent in (Path(sys.prefix).parent / ".venvs", Path(sys.prefix).parent):
            python = parent / folder / "bin" / "python"
            if python.is_file():
                return str(python)
    return ""


def _beside_a_makefile() -> bool:
    """Whether this is a checkout, whose Makefile makes the environments; else an image, say."""
    return any((parent / "Makefile").is_file() for parent in (Path(sys.prefix).parent, Path.cwd()))
