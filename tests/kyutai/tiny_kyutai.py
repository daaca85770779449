"""Random Kyutai checkpoints of a few layers, speech to text and text to speech: nothing is downloaded."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import sentencepiece
import torch
from moshi.models import loaders
from safetensors.torch import save_file

WIDTH, CODEBOOKS, BINS, TEXT_CARD = 32, 8, 64, 300
SPOKEN = 4
"""Codebooks of the voice: each is a step of the small transformer."""
SENTENCES = (
    "hello how are you today i am fine thank you",
    "yesterday i went to the market and bought some apples",
    "what is the weather like in paris this morning",
    "please speak slowly because my english is not good yet",
)
SEANET = {
    **{"channels": 1, "dimension": WIDTH, "causal": True, "n_filters": 4, "n_residual_layers": 1},
    **{"activation": "ELU", "compress": 2, "dilation_base": 2, "disable_norm_outer_blocks": 0},
    **{"kernel_size": 7, "residual_kernel_size": 3, "last_kernel_size": 3, "norm": "none"},
    **{"pad_mode": "constant", "ratios": [8, 6, 5, 4], "true_skip": True},
}
TRANSFORMER = {
    **{"d_model": WIDTH, "num_heads": 2, "num_layers": 1, "causal": True, "layer_scale": 0.01, "context": 50},
    **{"conv_layout": True, "max_period": 10_000, "gating": "none", "norm": "layer_norm"},
    **{"positional_embedding": "rope", "dim_feedforward": 64, "input_dimension": WIDTH},
    "output_dimensions": [WIDTH],
}
QUANTIZER = {
    "dimension": 16,
    "n_q": CODEBOOKS,
    "bins": BINS,
    "input_dimension": WIDTH,
    "output_dimension": WIDTH,
}
MIMI = {
    **{"sample_rate": 24_000, "channels": 1, "frame_rate": 12.5},
    **{"seanet": SEANET, "quantizer": QUANTIZER, "transformer": TRANSFORMER},
}
COMMON: dict[str, Any] = {
    **{"card": BINS, "text_card": TEXT_CARD, "existing_text_padding_id": 3, "dim": 64, "num_heads": 4},
    **{"num_layers": 2, "hidden_scale": 4.125, "causal": True, "layer_scale": None, "context": 100},
    **{"max_period": 10_000, "gating": "silu", "norm": "rms_norm_f32", "positional_embedding": "rope"},
}
DEPFORMER: dict[str, Any] = {
    **{"depformer_dim": 32, "depformer_dim_feedforward": 64, "depformer_num_heads": 2},
    **{"depformer_num_layers": 1, "depformer_layer_scale": None, "depformer_multi_linear": True},
    **{"depformer_context": SPOKEN, "depformer_max_period": 10_000, "depformer_gating": "silu"},
    **{"depformer_pos_emb": "none", "depformer_weights_per_step": True},
}
FILES = {"moshi_name": "model.safetensors", "mimi_name": "mimi.safetensors", "tokenizer_name": "text.model"}
VOICE_WIDTH, VOICE_STEPS = 16, 5
CODE_SCALE, AUDIO_SCALE = 0.01, 30.0


def make_stt(folder: Path, pauses: bool = True) -> Path:
    """Delay half a second, no prefix, as stt-1b-en_fr."""
    config = {
        **COMMON,
        **{"n_q": CODEBOOKS, "dep_q": 0, "delays": [0] * (CODEBOOKS + 1)},
        **({"extra_heads_num_heads": 4, "extra_heads_dim": 6} if pauses else {}),
    }
    meant = {"stt_config": {"audio_delay_seconds": 0.5, "audio_silence_prefix_seconds": 0.0}}
    return write_checkpoint(folder, config, {**meant, "model_type": "stt"}, MIMI)


def make_tts(folder: Path) -> Path:
    """16 steps of delay, words two ahead, voices by cross attention, as tts-1.6b-en_fr."""
    lookup = {"n_bins": 8, "dim": 16, "tokenizer": "noop"}
    strengths = [f"{step / 2:.1f}" for step in range(2, 9)]
    config = {
        **COMMON,
        **DEPFORMER,
        **{"n_q": SPOKEN, "dep_q": SPOKEN, "delays": [0, 0] + [2] * (SPOKEN - 1)},
        **{"demux_second_stream": True, "cross_attention": True},
        "conditioners": {
            "speaker_wavs": {"type": "tensor", "tensor": {"dim": VOICE_WIDTH}},
            "control": {"type": "lut", "lut": {**lookup, "possible_values": ["ok"]}},
            "cfg": {"type": "lut", "lut": {**lookup, "possible_values": strengths}},
        },
        "fuser": {"cross": ["speaker_wavs"], "sum": ["control", "cfg"], "prepend": []},
    }
    meant = {
        "tts_config": {"audio_delay": 1.28, "second_stream_ahead": 2},
        "model_id": {"sig": "tiny", "epoch": 1},
        "model_type": "tts",
    }
    made = write_checkpoint(folder, config, meant, MIMI)
    for number, name in enumerate(("anna", "bert")):
        torch.manual_seed(number)
        save_file(
            {"speaker_wavs": torch.randn(1, VOICE_WIDTH, VOICE_STEPS)}, folder / f"{name}.tiny@1.safetensors"
        )
    return made


def main() -> None:
    """`python -m tests.kyutai.tiny_kyutai stt|tts FOLDER`."""
    kind, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    print(make_stt(folder) if kind == "stt" else make_tts(folder))


def write_checkpoint(
    folder: Path,
    config: dict[str, Any],
    meant: dict[str, Any],
    mimi_config: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float32,
    device: str = "cpu",
) -> Path:
    """Random weights, with the files and names of Kyutai's. `mimi_config` None: their codec's own size."""
    torch.manual_seed(0)
    (folder / FILES["tokenizer_name"]).write_bytes(_tokenizer())
    mimi = loaders.get_mimi(None, mimi_config, num_codebooks=config["n_q"])
    save_file(_shaken(mimi.state_dict()), folder / FILES["mimi_name"])
    named = {}
    if mimi_config is not None:
        named = {"mimi_config_name": "mimi.json"}
        (folder / "mimi.json").write_text(json.dumps(mimi_config))
    model = loaders.get_moshi_lm(None, json.loads(json.dumps(config)), device=device, dtype=dtype)
    state = {name: tensor.to("cpu", dtype).contiguous() for name, tensor in model.state_dict().items()}
    for name in state:
        if name.startswith("emb."):
            state[name] = state[name] * AUDIO_SCALE  # or what was written last would drown what is heard
    save_file(state, folder / FILES["moshi_name"])
    (folder / "config.json").write_text(json.dumps({**config, **FILES, **named, **meant}))
    return folder


def _shaken(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Fresh codebooks are all zero: every sound would be the same code. These are as big as sounds."""
    for name, tensor in state.items():
        if name.endswith("embedding_sum"):
            state[name] = torch.randn_like(tensor) * CODE_SCALE
        elif name.endswith("cluster_usage"):
            state[name] = torch.ones_like(tensor)
    return {name: tensor.contiguous() for name, tensor in state.items()}


def _tokenizer() -> bytes:
    """Ids 0 to 3 are as Kyutai's: end of a word, turns, padding."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(SENTENCES * 20),
        model_writer=model,
        vocab_size=TEXT_CARD,
        model_type="bpe",
        byte_fallback=True,
        hard_vocab_limit=False,
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        minloglevel=2,
    )
    return model.getvalue()


if __name__ == "__main__":
    main()
