"""A random Llama of two layers in one GGUF file, its vocabulary single bytes: nothing is downloaded."""

from pathlib import Path

import numpy as np
from gguf import GGUFWriter, TokenType

from tests.engines.tiny_model import TEMPLATE

WIDTH, INNER, LAYERS, HEADS, KV_HEADS = 64, 128, 2, 4, 2
LETTERS = "▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789{}[]\":,.!?'<>_/"
CONTROLS = ("<|im_start|>", "<|im_end|>")


def make(folder: Path, template: str = TEMPLATE) -> Path:
    """Write the model and say where."""
    path = folder / "tiny.gguf"
    writer = GGUFWriter(str(path), "llama")
    writer.add_context_length(4096)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    _add_weights(writer, _add_vocabulary(writer))
    if template:
        writer.add_chat_template(template)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_vocabulary(writer: GGUFWriter) -> int:
    """The number of tokens: three special ones, every byte, letters, the template's own."""
    data = [f"<0x{number:02X}>" for number in range(256)]
    tokens = ["<unk>", "<s>", "</s>", *data, *LETTERS, *CONTROLS]
    kinds = [TokenType.UNKNOWN, TokenType.CONTROL, TokenType.CONTROL]
    kinds += [TokenType.BYTE] * 256 + [TokenType.NORMAL] * len(LETTERS) + [TokenType.CONTROL] * len(CONTROLS)
    writer.add_tokenizer_model("llama")
    writer.add_token_list([token.encode() for token in tokens])
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(len(tokens) - 1)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_vocab_size(len(tokens))
    return len(tokens)


def _add_weights(writer: GGUFWriter, vocabulary: int) -> None:
    random = np.random.default_rng(0)

    def add(name: str, *shape: int) -> None:
        writer.add_tensor(name, (random.standard_normal(shape) * 0.05).astype(np.float32))

    add("token_embd.weight", vocabulary, WIDTH)
    add("output.weight", vocabulary, WIDTH)
    norms = ["output_norm.weight"]
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        norms += [f"{block}attn_norm.weight", f"{block}ffn_norm.weight"]
        add(f"{block}attn_q.weight", WIDTH, WIDTH)
        add(f"{block}attn_k.weight", WIDTH * KV_HEADS // HEADS, WIDTH)
        add(f"{block}attn_v.weight", WIDTH * KV_HEADS // HEADS, WIDTH)
        add(f"{block}attn_output.weight", WIDTH, WIDTH)
        add(f"{block}ffn_gate.weight", INNER, WIDTH)
        add(f"{block}ffn_up.weight", INNER, WIDTH)
        add(f"{block}ffn_down.weight", WIDTH, INNER)
    for name in norms:
        writer.add_tensor(name, np.ones(WIDTH, np.float32))
