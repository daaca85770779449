"""A random Pocket TTS of two small layers, with a tokenizer and voices of its own: nothing is downloaded."""

import wave
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from pocket_tts import TTSModel, export_model_state
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

RATE, WIDTH = 24_000, 32
NEVER, SOON = 1e9, -1e9
"""Thresholds of the end of a clause: with the first a clause is as long as its text allows."""
SENTENCES = ("Hello there, how are you today?", "Ready. I went to the market; we bought apples: 3.5!")
SEANET = {
    **{"dimension": WIDTH, "channels": 1, "n_filters": 4, "n_residual_layers": 1, "ratios": [6, 5, 4]},
    **{"kernel_size": 7, "residual_kernel_size": 3, "last_kernel_size": 3, "dilation_base": 2},
    **{"pad_mode": "constant", "compress": 2},
}
CODEC_TRANSFORMER = {
    **{"d_model": WIDTH, "num_heads": 2, "num_layers": 1, "layer_scale": 0.01, "context": 250},
    **{"dim_feedforward": 64, "input_dimension": WIDTH, "output_dimensions": [WIDTH]},
}


def make(folder: Path, end_threshold: float = NEVER) -> Path:
    """Write the model into the folder; its .yaml file. It draws nothing: the same text, the same samples."""
    tokenizer = _tokenizer()
    tokenizer.save(str(folder / "tokenizer.json"))
    config = _config(folder, tokenizer.get_vocab_size(), end_threshold)
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(config))
    torch.manual_seed(0)
    model = TTSModel.load_model(config=path)
    # Wider than the library begins with, so that text and voice can be heard in the samples.
    for weights in model.flow_lm.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    torch.nn.init.constant_(model.flow_lm.emb_std, 3.0)
    tensors = {name: tensor.contiguous().clone() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    path.write_text(yaml.safe_dump({**config, "weights_path": str(folder / "model.safetensors")}))
    _write_voices(folder / "voices", TTSModel.load_model(config=path))
    return path


def _config(folder: Path, bins: int, end_threshold: float) -> dict[str, Any]:
    flow_lm = {
        **{"dtype": "float32", "insert_bos_before_voice": True, "flow": {"dim": WIDTH, "depth": 1}},
        "transformer": {
            **{"d_model": 64, "hidden_scale": 2, "max_period": 10_000},
            **{"num_heads": 4, "num_layers": 2},
        },
        "lookup_table": {
            **{"dim": 64, "n_bins": bins, "tokenizer": "tokenizers"},
            "tokenizer_path": str(folder / "tokenizer.json"),
        },
    }
    mimi = {
        **{"dtype": "float32", "sample_rate": RATE, "channels": 1, "frame_rate": 12.5},
        **{"inner_dim": 8, "outer_dim": WIDTH, "seanet": SEANET, "transformer": CODEC_TRANSFORMER},
        "quantizer": {"dimension": 8, "output_dimension": WIDTH},
    }
    return {
        **{"flow_lm": flow_lm, "mimi": mimi},
        **{"default_temperature": 0.0, "default_eos_threshold": end_threshold},
    }


def _write_voices(folder: Path, model: TTSModel) -> None:
    folder.mkdir()
    seconds = np.arange(RATE) / RATE
    for name, pitch in (("low", 110), ("high", 440)):
        tone = (np.sin(seconds * pitch * 2 * np.pi) * 12_000).astype("<i2")
        with wave.open(str(folder / f"{name}.wav"), "wb") as file:
            file.setparams((1, 2, RATE, RATE, "NONE", ""))
            file.writeframes(tone.tobytes())
    state = model.get_state_for_audio_prompt(folder / "low.wav")
    export_model_state(state, folder / "exported.safetensors")


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer
