"""A random English Whisper with a tokenizer of its own, converted for CTranslate2: nothing is downloaded.

It writes until it is cut, words that nobody said, and other words for another sound.
"""

import re
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, WhisperConfig, WhisperForConditionalGeneration

WORDS = "hello there how are you today we went to the market yesterday and bought some apples for my mother"
END = "<|endoftext|>"
BEGIN = "<|startoftranscript|>"
MARKS = ("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>")
TIMES = ("<|notimestamps|>", *(f"<|{step * 0.02:.2f}|>" for step in range(1501)))
SPELT = re.compile("Ġ?[a-z]{2,}")
WIDTHS = {"tiny": (64, 2, 2), "base": (512, 6, 8)}
"""Width, layers and heads; the second is as wide as Whisper's base."""


def make(folder: Path, size: str = "tiny") -> Path:
    """A folder in the folder, as ct2-transformers-converter writes it."""
    tokenizer = _tokenizer()
    source, target = folder / "transformers", folder / "ctranslate2"
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token=END).save_pretrained(source)
    torch.manual_seed(0)
    _model(tokenizer, *WIDTHS[size]).save_pretrained(source)
    TransformersConverter(str(source), copy_files=["tokenizer.json"]).convert(str(target))
    return target


def _model(tokenizer: Tokenizer, width: int, layers: int, heads: int) -> WhisperForConditionalGeneration:
    end = tokenizer.token_to_id(END)
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (("layers", layers), ("attention_heads", heads), ("ffn_dim", 4 * width))
    }
    config = WhisperConfig(
        vocab_size=tokenizer.get_vocab_size(),
        d_model=width,
        num_mel_bins=80,
        decoder_start_token_id=tokenizer.token_to_id(BEGIN),
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
        suppress_tokens=[],
        begin_suppress_tokens=[],
        tie_word_embeddings=False,
        **sides,
    )
    model = WhisperForConditionalGeneration(config)
    letters = [bool(SPELT.fullmatch(tokenizer.id_to_token(number))) for number in range(config.vocab_size)]
    with torch.no_grad():
        # What is written follows from what is heard and from how many words there are already.
        for convolution in (model.model.encoder.conv1, model.model.encoder.conv2):
            convolution.weight.normal_(std=0.5)
        model.model.decoder.embed_positions.weight.normal_(std=1.0)
        for layer in model.model.decoder.layers:
            layer.encoder_attn.out_proj.weight.normal_(std=0.5)
            layer.encoder_attn.v_proj.weight.normal_(std=0.5)
        model.proj_out.weight.normal_(std=1.0)
        model.proj_out.weight[~torch.tensor(letters)] = 0
    return model


def _tokenizer() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator([WORDS], trainer)
    special = (END, BEGIN, *MARKS, *TIMES)
    tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special])
    return tokenizer
