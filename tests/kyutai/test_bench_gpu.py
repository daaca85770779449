"""The bench for a card starts: it loads what it measures as the services do, here a few layers on the CPU."""

import argparse
from pathlib import Path

import pytest

from tests.load.gpu import measure
from tests.load.kyutai_sizes import MODELS, write

pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(180)]


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_the_bench_is_written_loaded_and_measured(tmp_path: Path, name: str) -> None:
    checkpoint = write(name, tmp_path, "cpu", tiny=True)
    options = argparse.Namespace(device="cpu", codebooks=24, steps=2)
    result = measure(name, checkpoint, 2, options)
    assert "error" not in result
    assert result["step_p50_ms"] > 0


def test_a_model_that_does_not_load_is_an_answer_in_words(tmp_path: Path) -> None:
    options = argparse.Namespace(device="cpu", codebooks=24, steps=2)
    assert "it is no Kyutai checkpoint" in measure("tts-1.6b", tmp_path, 2, options)["error"]
