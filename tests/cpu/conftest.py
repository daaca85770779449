"""Tiny random checkpoints of the engines of the profile `cpu`; nothing is downloaded."""

import os
from pathlib import Path

import pytest

os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")


@pytest.fixture(scope="session")
def tiny_whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.cpu.tiny_whisper import make

    return make(tmp_path_factory.mktemp("tiny-whisper"))


@pytest.fixture(scope="session")
def tiny_pocket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.cpu.tiny_pocket import make

    return make(tmp_path_factory.mktemp("tiny-pocket"))
