"""BeautyAI's chat request: presets, and which of several values wins."""

from typing import Any

import pytest

from chassis.faults import Fault
from gateway.apis.beautyai.inference_request import PRESETS
from tests.unit.gateway.apis.beautyai.inference_reading import read


@pytest.mark.parametrize(
    ("preset", "values", "strictness"),
    [
        ("conservative", (0.1, 0.8, 10, 1.0, 256), "strict"),
        ("balanced", (0.5, 0.9, 20, 1.05, 512), "balanced"),
        ("creative", (0.7, 0.95, 40, 1.1, 1024), "relaxed"),
        ("speed_optimized", (0.1, 0.8, 10, 1.0, 256), "relaxed"),
        ("qwen_optimized", (0.3, 0.95, 20, 1.0, 256), "balanced"),
        ("high_quality", (0.1, 1.0, 10, 1.15, 1024), "balanced"),
        ("creative_optimized", (0.5, 1.0, 80, 1.15, 1024), "relaxed"),
    ],
)
def test_a_preset_means_its_values_and_its_filter(
    preset: str, values: tuple[float, ...], strictness: str
) -> None:
    asked = read(preset=preset)
    names = ("temperature", "top_p", "top_k", "repetition_penalty", "max_new_tokens")
    assert asked.config == dict(zip(names, values, strict=True))
    assert (asked.preset, asked.strictness) == (preset, strictness)


def test_these_are_all_presets_and_balanced_is_the_default() -> None:
    assert len(PRESETS) == 7
    assert read() == read(preset="balanced") == read(preset="")


@pytest.mark.parametrize(
    ("fields", "temperature"),
    [
        ({}, 0.5),
        ({"preset": "creative"}, 0.7),
        ({"generation_config": {"temperature": 0.2}}, 0.2),
        ({"preset": "creative", "generation_config": {"temperature": 0.2}}, 0.2),
        ({"temperature": 0.9}, 0.9),
        ({"temperature": 0.9, "preset": "creative"}, 0.9),
        ({"temperature": 0.9, "generation_config": {"temperature": 0.2}}, 0.9),
        ({"temperature": 0, "preset": "creative", "generation_config": {"temperature": 0.2}}, 0),
        ({"temperature": None, "generation_config": {"temperature": 0.2}}, 0.2),
        ({"temperature": None, "generation_config": {"temperature": None}, "preset": "creative"}, 0.7),
    ],
)
def test_direct_wins_over_generation_config_over_the_preset(
    fields: dict[str, Any], temperature: float
) -> None:
    assert read(**fields).config["temperature"] == temperature


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        ({"generation_config": {"max_tokens": 64}}, 64),
        ({"generation_config": {"max_tokens": 64, "max_new_tokens": 65}}, 65),
        ({"max_new_tokens": 66, "generation_config": {"max_tokens": 64, "max_new_tokens": 65}}, 66),
    ],
)
def test_max_tokens_is_the_older_name_of_max_new_tokens(fields: dict[str, Any], tokens: int) -> None:
    assert read(**fields).prompt.sampling.max_tokens == tokens


@pytest.mark.parametrize(
    ("fields", "strictness"),
    [
        ({}, "balanced"),
        ({"content_filter_strictness": "strict"}, "strict"),
        ({"content_filter_strictness": "disabled"}, "disabled"),
        ({"content_filter_strictness": "relaxed", "preset": "conservative"}, "relaxed"),
        ({"content_filter_strictness": "strict", "disable_content_filter": True}, "disabled"),
        ({"content_filter_strictness": "", "preset": "conservative"}, "strict"),
        ({"disable_content_filter": False, "preset": "creative"}, "relaxed"),
    ],
)
def test_the_filter_is_the_callers_choice_before_the_presets(fields: dict[str, Any], strictness: str) -> None:
    assert read(**fields).strictness == strictness


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"preset": "wild"}, "preset must be one of conservative, balanced"),
        ({"content_filter_strictness": "none"}, "content_filter_strictness must be one of strict, balanced"),
        (
            {"content_filter_strictness": "none", "disable_content_filter": True},
            "content_filter_strictness must be",
        ),
        ({"response_language": "it"}, "response_language must be one of auto, ar, en, es, fr, de, not 'it'"),
        ({"thinking_mode": "perhaps"}, "thinking_mode must be one of auto"),
        ({"chat_history": [{"role": "tool", "content": "x"}]}, "chat_history.0.role must be one of system"),
        ({"chat_history": [{"role": "user", "content": "x"}] * 2001}, "2000 messages at most, not 2001"),
        ({"message": "  "}, "message is empty"),
        ({"message": "/no_think"}, "message is empty"),
    ],
)
def test_a_value_that_is_none_of_the_possible_ones_is_refused_with_them(
    fields: dict[str, Any], words: str
) -> None:
    with pytest.raises(Fault, match=words):
        read(**fields)
