"""One tiny model a session, one loaded engine a module; engines are real, weights are random."""

import asyncio
import importlib.util
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvloop

from llm_service.engines.local_model import LocalModel

# Before vllm is imported: it reads its environment once.
os.environ.update(
    VLLM_CPU_KVCACHE_SPACE="1", VLLM_LOGGING_LEVEL="ERROR", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1"
)
if importlib.util.find_spec("vllm") is None:
    collect_ignore_glob = ["test_vllm*.py"]


def pytest_configure() -> None:
    # vLLM leaves its ZeroMQ context to the garbage collector, which meets it after the last test.
    warnings.filterwarnings("ignore", "Unclosed context", ResourceWarning)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.engines.tiny_model import make

    return make(tmp_path_factory.mktemp("tiny-qwen2"))


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.engines.tiny_gguf import make

    return make(tmp_path_factory.mktemp("tiny-gguf"))


@pytest.fixture(scope="session")
def options(tiny_model: Path) -> LocalModel:
    return LocalModel(
        str(tiny_model), max_model_len=512, gpu_memory_utilization=0.1, slots=32, enforce_eager=True
    )


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop, of a service's kind, for a module: an engine lives in the loop that loaded it."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner
