"""Kyutai's models in their published sizes with random weights: what a step costs does not depend on them."""

import tempfile
from pathlib import Path
from typing import Any

import torch
from moshi.models import loaders
from moshi.models.tts import StateMachine, TokenIds, TTSModel
from safetensors.torch import save_file

from stt_service.engines.moshi_model import MoshiModel
from tts_service.engines.moshi_model import MoshiVoice
from tts_service.engines.moshi_voices import voices_of_folder

VOICE_WIDTH, VOICE_STEPS = 512, 125
SUFFIX = ".random.safetensors"
COMMON: dict[str, Any] = {
    **{
        "card": 2048,
        "existing_text_padding_id": 3,
        "hidden_scale": 4.125,
        "causal": True,
        "layer_scale": None,
    },
    **{"max_period": 100_000, "gating": "silu", "norm": "rms_norm_f32", "positional_embedding": "rope"},
}
LISTENING: dict[str, Any] = {**COMMON, "n_q": 32, "dep_q": 0, "delays": [0] * 33}
SCHEDULE = [*range(8), *[8] * 8, *[9] * 8, *[10] * 8]
MODELS: dict[str, dict[str, Any]] = {
    "stt-1b": {
        **LISTENING,
        **{"dim": 2048, "num_layers": 16, "num_heads": 16, "context": 750, "text_card": 8000},
        **{"extra_heads_num_heads": 4, "extra_heads_dim": 6},
    },
    "stt-2.6b": {
        **LISTENING,
        **{"dim": 2048, "num_layers": 48, "num_heads": 32, "context": 375, "text_card": 4000},
    },
    "tts-1.6b": {
        **COMMON,
        **{"dim": 2048, "num_layers": 16, "num_heads": 16, "context": 500, "text_card": 8000},
        **{"n_q": 32, "dep_q": 32, "delays": [0, 0] + [2] * 31, "demux_second_stream": True},
        **{"depformer_dim": 1024, "depformer_num_layers": 4, "depformer_num_heads": 16},
        **{"depformer_dim_feedforward": 3072, "depformer_layer_scale": None, "depformer_multi_linear": True},
        **{"depformer_context": 32, "depformer_max_period": 10_000, "depformer_gating": "silu"},
        **{"depformer_pos_emb": "none", "depformer_weights_per_step": True, "cross_attention": True},
        **{"depformer_weights_per_step_schedule": SCHEDULE, "depformer_low_rank_embeddings": 128},
        "conditioners": {
            "speaker_wavs": {"type": "tensor", "tensor": {"dim": VOICE_WIDTH}},
            "cfg": {
                "type": "lut",
                "lut": {"n_bins": 7, "dim": 16, "tokenizer": "noop", "possible_values": ["1.0", "2.0"]},
            },
            "control": {
                "type": "lut",
                "lut": {"n_bins": 2, "dim": 16, "tokenizer": "noop", "possible_values": ["ok"]},
            },
        },
        "fuser": {"cross": ["speaker_wavs"], "sum": ["control", "cfg"], "prepend": []},
    },
}
TINY = {"dim": 64, "num_layers": 2, "num_heads": 4, "depformer_dim": 32, "depformer_num_layers": 1}
"""For trying the script itself out."""


class AnyTokenizer:
    """Four tokens a word, as good as any with random weights."""

    def encode(self, word: str) -> list[int]:
        return [4 + (hash((word, place)) % 3000) for place in range(min(len(word), 3) + 1)]


def make_listener(name: str, slots: int, device: str, tiny: bool) -> MoshiModel:
    lm, mimi = _parts(name, device, tiny, codebooks=32)
    return MoshiModel(mimi, lm, slots)


def make_speaker(name: str, slots: int, device: str, tiny: bool, codebooks: int) -> MoshiVoice:
    lm, mimi = _parts(name, device, tiny, codebooks=codebooks)
    token_ids = TokenIds(lm.text_card + 1)
    tts = TTSModel(
        lm=lm,
        mimi=mimi,
        tokenizer=AnyTokenizer(),
        voice_suffix=SUFFIX,
        voice_repo="",
        machine=StateMachine(token_ids=token_ids, second_stream_ahead=2, max_padding=8),
        delay_steps=16,
        n_q=codebooks,
    )
    folder = Path(tempfile.mkdtemp(prefix="voices-"))
    save_file({"speaker_wavs": torch.randn(1, VOICE_WIDTH, VOICE_STEPS)}, folder / f"random{SUFFIX}")
    return MoshiVoice(tts, voices_of_folder(folder, SUFFIX), slots)


def _parts(name: str, device: str, tiny: bool, codebooks: int) -> tuple[Any, Any]:
    config = {
        **MODELS[name],
        **({key: value for key, value in TINY.items() if key in MODELS[name]} if tiny else {}),
    }
    dtype = torch.float32 if device == "cpu" else torch.bfloat16
    torch.manual_seed(0)
    lm = loaders.get_moshi_lm(None, config, device=device, dtype=dtype)
    for parameter in lm.parameters():
        parameter.requires_grad_(False)
    # A model that begins on the device keeps some parts in other formats.
    lm = lm.to(device)
    for part in (lm.transformer, lm.depformer, lm.text_linear, lm.linears, lm.depformer_in):
        if part is not None:
            part.to(dtype)
    return lm, loaders.get_mimi(None, None, num_codebooks=codebooks, device=device)
