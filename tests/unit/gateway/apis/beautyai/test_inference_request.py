"""BeautyAI's chat request: where each field goes, and which values it may have."""

from typing import Any

import pytest
from pydantic import ValidationError

from chassis.faults import InvalidArgument, Unsupported
from gateway.apis.beautyai.inference_request import (
    RANGES,
    SAMPLING,
    WIRE_NAMES,
    InferenceRequest,
    in_callers_words,
    read_request,
)
from llm_service.engine import Abilities
from llm_service.engine import Sampling as EngineSampling
from llm_service.prompts import RANGES as ENGINE_RANGES
from llm_service.prompts import read_prompt
from tests.unit.gateway.apis.beautyai.inference_reading import ABLE, EVERYTHING, TUTOR, read

FIELDS = {
    *("model_name", "message", "session_id", "chat_history", "response_language", *SAMPLING),
    *("enable_thinking", "disable_content_filter", "content_filter_strictness"),
    *("preset", "generation_config", "stream"),
}
VALUES: dict[str, Any] = {
    "temperature": 0.25,
    "top_p": 0.75,
    "top_k": 7,
    "repetition_penalty": 1.25,
    "max_new_tokens": 77,
    "min_new_tokens": 5,
    "do_sample": True,
    "min_p": 0.125,
    "typical_p": 0.5,
    "epsilon_cutoff": 0.25,
    "eta_cutoff": 0.375,
    "diversity_penalty": 1.5,
    "encoder_repetition_penalty": 1.75,
    "no_repeat_ngram_size": 3,
    "num_beams": 4,
    "num_beam_groups": 2,
    "length_penalty": -0.5,
    "early_stopping": True,
}


def wire(name: str) -> str:
    return WIRE_NAMES.get(name, name)


# ---------------------------------------------------------------------- fields


def test_the_page_has_all_of_its_fields() -> None:
    assert len(FIELDS) == 29
    # thinking_mode is the spelling of BeautyAI's proxy.
    assert InferenceRequest.model_fields.keys() == FIELDS | {"thinking_mode"}
    assert VALUES.keys() == set(SAMPLING)


@pytest.mark.parametrize("name", SAMPLING)
def test_a_sampling_field_reaches_the_engine_from_either_place(name: str) -> None:
    for fields in ({name: VALUES[name]}, {"generation_config": {name: VALUES[name]}}):
        asked = read(**fields)
        assert asked.config[name] == VALUES[name]
        assert getattr(asked.prompt.sampling, wire(name)) == VALUES[name]
        engine = read_prompt(asked.prompt, EVERYTHING, "able")
        assert getattr(engine.sampling, wire(name)) == VALUES[name]


@pytest.mark.parametrize("name", sorted(set(SAMPLING) - {"max_new_tokens"}))
def test_what_the_caller_gave_is_sent_to_an_engine_that_cannot_and_refused_there_by_name(name: str) -> None:
    for fields in ({name: VALUES[name]}, {"generation_config": {name: VALUES[name]}}):
        asked = read(TUTOR, **fields)
        with pytest.raises(Unsupported) as refused:
            read_prompt(asked.prompt, Abilities(), "tutor")
        assert in_callers_words(str(refused.value)) == f"the tutor engine cannot do {name}; leave it out"


def test_nothing_given_asks_nothing_that_the_engine_cannot_do() -> None:
    asked = read(TUTOR)
    assert asked.config == {"max_new_tokens": 512}
    assert read_prompt(asked.prompt, Abilities(), "tutor").sampling == EngineSampling(max_tokens=512)


def test_an_engine_that_tells_nothing_of_itself_gets_no_wishes() -> None:
    assert read(None, temperature=1).config == {"temperature": 1}


@pytest.mark.parametrize("value", [True, False])
def test_stream_and_unknown_fields_change_nothing(value: bool) -> None:
    assert read(stream=value, top_p_2=5, generation_config={"unknown": []}) == read()


@pytest.mark.parametrize("name", sorted(InferenceRequest.model_fields.keys() - {"model_name", "message"}))
def test_null_is_the_same_as_nothing(name: str) -> None:
    assert read(**{name: None}) == read()


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        ({"message": 5}, ("message",)),
        ({"model_name": None}, ("model_name",)),
        ({"temperature": "hot"}, ("temperature",)),
        ({"temperature": True}, ("temperature",)),
        ({"top_k": 2.5}, ("top_k",)),
        ({"num_beams": [1]}, ("num_beams",)),
        ({"do_sample": "perhaps"}, ("do_sample",)),
        ({"enable_thinking": "perhaps"}, ("enable_thinking",)),
        ({"generation_config": {"max_tokens": "many"}}, ("generation_config", "max_tokens")),
        ({"generation_config": 5}, ("generation_config",)),
        ({"chat_history": "hi"}, ("chat_history",)),
        ({"chat_history": [{"role": "user"}]}, ("chat_history", 0, "content")),
        ({"chat_history": [{"role": 1, "content": "hi"}]}, ("chat_history", 0, "role")),
        ({"session_id": 5}, ("session_id",)),
    ],
)
def test_a_wrong_type_is_told_with_its_place(fields: dict[str, Any], where: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as wrong:
        read(**fields)
    assert wrong.value.errors()[0]["loc"] == where


# ---------------------------------------------------------------------- ranges


@pytest.mark.parametrize("name", sorted(RANGES))
def test_a_value_out_of_range_is_refused_with_the_range_and_both_ends_are_allowed(name: str) -> None:
    low, high = RANGES[name]
    extra: dict[str, Any] = {"min_new_tokens": 0} if name == "max_new_tokens" else {"max_new_tokens": 4096}
    for value in (low, high):
        assert read(**{**extra, name: value}).config[name] == value
    for value in (low - 1, high + 1):
        places: list[dict[str, Any]] = [{name: value}, {"generation_config": {name: value}}]
        for fields in places:
            with pytest.raises(InvalidArgument, match=f"{name} must be {low:g} to {high:g}, not "):
                read(**fields)


@pytest.mark.parametrize("name", sorted(RANGES))
def test_every_value_in_range_is_in_the_services_range(name: str) -> None:
    low, high = RANGES[name]
    least, most = ENGINE_RANGES[wire(name)]
    assert least <= low < high <= most
    for value in (low, high):
        # The wire's numbers have 32 bits: the ends must still be inside there.
        fields: dict[str, Any] = {"max_new_tokens": 4096, name: value}
        asked = read(**fields)
        read_prompt(asked.prompt, EVERYTHING, "able")


def test_what_is_no_number_is_out_of_every_range() -> None:
    for value in ("NaN", "Infinity", "1e999", "9" * 4000):
        body = f'{{"model_name": "m", "message": "hi", "temperature": {value}}}'
        with pytest.raises((InvalidArgument, ValidationError)):
            read_request(InferenceRequest.model_validate_json(body), ABLE)


def test_more_words_at_least_than_at_most_are_refused_and_the_preset_is_named() -> None:
    with pytest.raises(InvalidArgument, match=r"min_new_tokens \(9\) is more than max_new_tokens \(8\)"):
        read(min_new_tokens=9, max_new_tokens=8)
    with pytest.raises(InvalidArgument, match="256, the preset's"):
        read(min_new_tokens=300, preset="qwen_optimized")
