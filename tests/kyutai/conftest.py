"""Tiny random checkpoints, and one event loop for a module: an engine lives in the loop that loaded it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import uvloop

torch.set_num_threads(1)  # these models are too small to be shared out


@pytest.fixture(scope="session")
def stt_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.kyutai.tiny_kyutai import make_stt

    return make_stt(tmp_path_factory.mktemp("tiny-stt"))


@pytest.fixture(scope="session")
def tts_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.kyutai.tiny_kyutai import make_tts

    return make_tts(tmp_path_factory.mktemp("tiny-tts"))


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner
