"""Checkpoints of Kyutai's published sizes with random weights: what a step costs does not depend on them.

They are loaded as the services load theirs, so that a bench on a card finds out whether those would.
"""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from stt_service.engines.moshi_model import MoshiModel
from stt_service.engines.moshi_model import load as load_ear
from stt_service.engines.moshi_options import MoshiOptions
from tests.kyutai.tiny_kyutai import write_checkpoint
from tts_service.engines.moshi_model import MoshiVoice
from tts_service.engines.moshi_model import load as load_voice

VOICE_WIDTH, VOICE_STEPS = 512, 125
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


TTS = {
    "tts_config": {"audio_delay": 1.28, "second_stream_ahead": 2},
    "model_id": {"sig": "random", "epoch": 1},
}


def write(name: str, folder: Path, device: str, tiny: bool) -> Path:
    """A checkpoint as Kyutai's, in bfloat16; made on the device, which is quicker for billions of weights."""
    speaks = name.startswith("tts")
    shrunk = {key: value for key, value in TINY.items() if key in MODELS[name]} if tiny else {}
    meant = {**TTS, "model_type": "tts"} if speaks else {"model_type": "stt"}
    made = write_checkpoint(folder, {**MODELS[name], **shrunk}, meant, dtype=torch.bfloat16, device=device)
    if speaks:
        voice = {"speaker_wavs": torch.randn(1, VOICE_WIDTH, VOICE_STEPS)}
        save_file(voice, folder / "random.random@1.safetensors")
    return made


def load_listener(checkpoint: Path, slots: int, device: str) -> MoshiModel:
    """By the engine's own way."""
    model = load_ear(MoshiOptions(str(checkpoint), slots, device)).model
    assert isinstance(model, MoshiModel)
    return model


def load_speaker(checkpoint: Path, slots: int, device: str, codebooks: int) -> MoshiVoice:
    """By the engine's own way."""
    return load_voice(str(checkpoint), slots, device, "auto", codebooks)[0]
