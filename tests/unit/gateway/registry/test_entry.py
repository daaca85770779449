"""A registry's entry is checked where it is written and becomes settings that the service understands."""

from typing import Any

import pytest

from chassis.faults import InvalidArgument
from chassis.settings import changed
from gateway.registry.entry import PLAIN, RESERVED, read_entry
from llm_service.settings import CHANGEABLE, LlmSettings

QWEN = {"model_id": "Qwen/Qwen2.5-7B-Instruct-AWQ", "engine_type": "vllm", "quantization": "awq"}


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        (QWEN, {"LLM_ENGINE": "vllm", "LLM_MODEL_NAME": QWEN["model_id"], "LLM_QUANTIZATION": "awq"}),
        ({"model_id": "a/b"}, {"LLM_ENGINE": "transformers", "LLM_MODEL_NAME": "a/b"}),
        (
            {
                "model_id": "a/b-GGUF",
                "engine_type": "llama.cpp",
                "model_filename": "b.q4.gguf",
                "n_ctx": 2048,
            },
            {"LLM_ENGINE": "llama_cpp", "LLM_MODEL_NAME": "a/b-GGUF:b.q4.gguf", "LLM_MAX_MODEL_LEN": "2048"},
        ),
        (
            {"model_id": "x", "engine_type": "llama.cpp", "model_path": "/models/x.gguf", "n_gpu_layers": -1},
            {"LLM_ENGINE": "llama_cpp", "LLM_MODEL_NAME": "/models/x.gguf", "LLM_GPU_LAYERS": "-1"},
        ),
        (
            {"model_id": "a/b", "dtype": "torch.float16", "quantization": "4bit", "do_sample": False},
            {
                "LLM_ENGINE": "transformers",
                "LLM_MODEL_NAME": "a/b",
                "LLM_DTYPE": "float16",
                "LLM_QUANTIZATION": "4bit",
                "LLM_TEMPERATURE": "0",
            },
        ),
        (
            {**QWEN, "quantization": "Q4_K_S", "max_new_tokens": 512, "top_p": 0.95},
            {
                "LLM_ENGINE": "vllm",
                "LLM_MODEL_NAME": QWEN["model_id"],
                "LLM_MAX_TOKENS": "512",
                "LLM_TOP_P": "0.95",
            },
        ),
    ],
)
def test_an_entry_becomes_settings_of_the_service(fields: dict[str, Any], settings: dict[str, str]) -> None:
    told = read_entry("one", fields).settings()
    assert told == {**PLAIN, **settings}
    assert {name.lower() for name in told} <= CHANGEABLE
    assert changed(LlmSettings(), told, CHANGEABLE).llm_model_name == told["LLM_MODEL_NAME"]


def test_fields_that_nobody_here_knows_are_kept() -> None:
    fields = {
        **QWEN,
        "unknown": None,
        "documentation": {"usage": "chat"},
        "custom_generation_params": {"top_k": 5},
    }
    assert read_entry("one", fields).written() == fields


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "model_id: Field required"),
        ({"model_id": ""}, "model_id"),
        ({"model_id": "a", "engine_type": "caffe"}, "engine_type: it must be one of vllm, .*not 'caffe'"),
        ({"model_id": "a", "temperature": 3}, "temperature: .*less than or equal to 2, not '3'"),
        ({"model_id": "a", "max_new_tokens": "many"}, "max_new_tokens: .*not 'many'"),
        ({"model_id": "a", "dtype": "int3"}, "dtype: it must be one of auto"),
        ({"model_id": "a", "model_architecture": "seq2seq_lm"}, "cannot hold a conversation"),
        ([], "model 'one': "),
        ("text", "model 'one': "),
    ],
)
def test_a_bad_entry_is_refused_by_model_and_field(fields: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        read_entry("one", fields)


@pytest.mark.parametrize("name", ["", "a b", "../up", "a/b", "-x", "x" * 101, *RESERVED])
def test_a_name_that_no_path_can_carry_is_refused(name: str) -> None:
    with pytest.raises(InvalidArgument, match="cannot name a model"):
        read_entry(name, QWEN)
