"""A random Qwen2 of two layers with a tokenizer of its own, made in place: no weights are downloaded.

Its chat template is as Qwen2.5's: ChatML, functions in the instructions, calls between `<tool_call>` tags.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

SENTENCES = (
    "Hello, how are you today? I am fine, thank you.",
    "You are a helpful teacher of English. Yesterday I went to the market and bought some apples.",
    json.dumps({"score": 87, "level": "advanced", "mistakes": [{"said": "I goed", "right": "I went"}]}),
    '{"name": "weather", "arguments": {"city": "Paris"}} [true, false, null, -1.5e+3] \n\t\\"',
    "0 1 2 3 4 5 6 7 8 9 : ; , . ! ? ( ) { } [ ] < > / _ - + = * & % $ # @",
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TAGS = ("<tool_call>", "</tool_call>", "<think>", "</think>")
TEMPLATE = """\
{%- if messages[0].role == 'system' %}{% set instructions = messages[0].content %}
{%- else %}{% set instructions = 'You are a helpful assistant.' %}{% endif %}
{{- '<|im_start|>system\\n' + instructions }}
{%- if tools %}
    {{- '\\n\\n# Tools\\n\\n<tools>' }}
    {%- for tool in tools %}{{ '\\n' }}{{ tool | tojson }}{% endfor %}
    {{- '\\n</tools>\\n\\nFor each call return {"name": ..., "arguments": ...} within <tool_call> tags.' }}
{%- endif %}
{{- '<|im_end|>\\n' }}
{%- for message in messages %}
    {%- if message.role == 'tool' %}
        {{- '<|im_start|>user\\n<tool_response>\\n' + message.content + '\\n</tool_response><|im_end|>\\n' }}
    {%- elif not (message.role == 'system' and loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content }}
        {%- for call in message.tool_calls or [] %}
            {{- '\\n<tool_call>\\n{"name": "' + call.function.name + '", "arguments": ' }}
            {{- call.function.arguments | tojson }}{{ '}\\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}
{%- if enable_thinking is defined and enable_thinking is true %}{{ '<think>\\n' }}{% endif %}
"""


SIZES = {
    "tiny": {"hidden_size": 128, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 4},
    "small": {
        "hidden_size": 768,
        "intermediate_size": 2304,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
    "7b": {
        "hidden_size": 3584,
        "intermediate_size": 18_944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
    },
}
"""The last has the shape of Qwen2.5-7B, as in its config.json; only its vocabulary is small."""
KV_HEADS = {"tiny": 2, "small": 4, "7b": 4}


def make(folder: Path, size: str = "tiny") -> Path:
    """Write the model into the folder, as `save_pretrained` does."""
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(folder)
    torch.manual_seed(0)
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        **SIZES[size],
        num_key_value_heads=KV_HEADS[size],
        max_position_embeddings=8192,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=end,
        pad_token_id=tokenizer.convert_tokens_to_ids("<|endoftext|>"),
    )
    Qwen2ForCausalLM(config).to(torch.bfloat16 if size == "7b" else torch.float32).save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_tokens([AddedToken(tag, special=False) for tag in TAGS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>", "<|im_end|>"],
        chat_template=TEMPLATE,
    )


if __name__ == "__main__":  # python -m tests.engines.tiny_model FOLDER
    print(make(Path(sys.argv[1])))
