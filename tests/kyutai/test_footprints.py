"""The footprints that the plan reckons with are those of the published sizes, counted without any memory."""

import pytest
import torch
from moshi.models import loaders

from chassis.gpu_cards import GB
from engine_room.footprints import FOOTPRINTS
from tests.load.kyutai_sizes import MODELS

NAMES = {
    "stt-1b": "kyutai/stt-1b-en_fr",
    "stt-2.6b": "kyutai/stt-2.6b-en",
    "tts-1.6b": "kyutai/tts-1.6b-en_fr",
}
CODEBOOK_BYTES = 2048 * 256 * 4


def _bytes(model: torch.nn.Module, each: int) -> int:
    return sum(each * int(parameter.numel()) for parameter in model.parameters())


@pytest.mark.parametrize("size", NAMES)
def test_the_weights_are_those_of_the_model_and_its_codec(size: str) -> None:
    with torch.device("meta"):
        model = loaders.get_moshi_lm(None, dict(MODELS[size]), device="meta", dtype=torch.bfloat16)
        codec = loaders.get_mimi(None, None, num_codebooks=32, device="meta")
    counted = _bytes(model, 2) + _bytes(codec, 4) + 32 * CODEBOOK_BYTES
    assert counted == pytest.approx(FOOTPRINTS[NAMES[size]].weights, abs=0.02 * GB)
