"""A random Kyutai recogniser in transformers' format, of two layers: nothing is downloaded."""

from pathlib import Path

import torch
from transformers import (
    KyutaiSpeechToTextConfig,
    KyutaiSpeechToTextFeatureExtractor,
    KyutaiSpeechToTextForConditionalGeneration,
    KyutaiSpeechToTextProcessor,
    MimiConfig,
)

from tests.engines.tiny_model import _tokenizer

CODEBOOKS, CODES = 4, 64


def make(folder: Path) -> Path:
    """Write the model into the folder, as `save_pretrained` does."""
    tokenizer = _tokenizer()
    codec = MimiConfig(
        hidden_size=32,
        num_filters=4,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        head_dim=16,
        intermediate_size=64,
        codebook_size=CODES,
        codebook_dim=16,
        num_quantizers=CODEBOOKS,
        vector_quantization_hidden_dimension=16,
        upsample_groups=32,
        sliding_window=50,
    )
    config = KyutaiSpeechToTextConfig(
        codebook_vocab_size=CODES + 1,
        vocab_size=len(tokenizer),
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        sliding_window=100,
        ffn_dim=128,
        num_codebooks=CODEBOOKS,
        audio_bos_token_id=CODES,
        audio_pad_token_id=len(tokenizer) + CODEBOOKS * (CODES + 1),
        pad_token_id=3,
        bos_token_id=2,
        codec_config=codec,
    )
    torch.manual_seed(0)
    model = KyutaiSpeechToTextForConditionalGeneration(config)
    state = model.state_dict()
    for name, tensor in state.items():
        # Fresh codebooks are all alike, and what was written last would drown what is heard.
        if name.endswith("embed_sum"):
            tensor.copy_(torch.randn_like(tensor) * 0.01)
        elif name.endswith("embed_tokens.embed_tokens.weight"):
            tensor[len(tokenizer) :] *= 30
    model.load_state_dict(state)
    model.save_pretrained(folder)
    extractor = KyutaiSpeechToTextFeatureExtractor(audio_delay_seconds=0.5, audio_silence_prefix_seconds=0.0)
    KyutaiSpeechToTextProcessor(extractor, tokenizer).save_pretrained(folder)
    return folder
