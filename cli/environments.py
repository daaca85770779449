"""Which Python runs a service: engines whose libraries clash live in environments of their own."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ENVIRONMENTS = {
    "vllm": "vllm",
    "transformers": "vllm",
    "moshi": "kyutai",
    "whisper": "cpu",
    "llama_cpp": "cpu",
    "pocket": "cpu",
}
"""By engine: the folder under .venvs that the Makefile makes for it."""


def interpreter(service: str, engines: Mapping[str, str]) -> str:
    """The operator's (STT_PYTHON, …), else of the engine's own environment where there is one, else this."""
    chosen = os.environ.get(f"{service.upper()}_PYTHON")
    if chosen:
        return chosen
    folder = ENVIRONMENTS.get(engines.get(f"{service.upper()}_ENGINE", ""))
    if folder is not None:
        for parent in (Path(sys.prefix).parent / ".venvs", Path(sys.prefix).parent):
            python = parent / folder / "bin" / "python"
            if python.is_file():
                return str(python)
    return sys.executable
