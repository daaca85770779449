"""BeautyAI's chat path against whole clusters: what its page sends, and what it shows of the answer."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from tests.support.cluster import Cluster

HELLO = {"model_name": "tutor", "message": "hello, my name is Ana"}
PAGE = {
    "message": "\\no_think Tell me about your day",
    "session_id": "",
    "chat_history": [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hello! What is your name?"},
    ],
    "content_filter_strictness": "balanced",
    "thinking_mode": False,
    "stream": False,
}
"""What the page sends besides its sliders."""
SLIDERS = {
    "temperature": 0.3,
    "top_p": 0.95,
    "top_k": 20,
    "repetition_penalty": 1.1,
    "min_p": 0.05,
}
NUMBERS = ("tokens_generated", "generation_time_ms", "tokens_per_second", "execution_time_ms")


def post(cluster: Cluster, body: dict[str, Any] | bytes) -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request(f"{cluster.url}/inference/chat", data, {"Content-Type": "application/json"})
    try:
        with urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def ask(cluster: Cluster, **fields: Any) -> dict[str, Any]:
    status, body = post(cluster, fields)
    assert status == 200
    assert all(isinstance(body[name], int | float) for name in NUMBERS)
    return body


def test_the_tutor_answers_a_plain_message(embedded: Cluster) -> None:
    body = ask(embedded, **HELLO)
    assert (body["success"], body["error"]) == (True, None)
    assert "Ana" in body["response"]
    assert body["final_content"] == body["response"]
    assert body["session_id"] == "default"
    assert body["preset_used"] == "balanced"
    # What only the preset wished for and rules cannot do was left out.
    assert body["effective_config"] == {"max_new_tokens": 512}
    assert body["tokens_generated"] > 5
    assert embedded.metric("llm", 'parley_slots_used{engine="tutor"}') == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [("temperature", 0.5), ("min_new_tokens", 5), ("num_beams", 4), ("early_stopping", True)],
)
def test_what_the_tutor_cannot_do_is_refused_by_name(embedded: Cluster, field: str, value: Any) -> None:
    for fields in ({field: value}, {"generation_config": {field: value}}):
        body = ask(embedded, **HELLO, **fields)
        assert body["success"] is False
        assert body["error"] == f"Generation failed: the tutor engine cannot do {field}; leave it out"


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_language_that_the_tutor_does_not_have_is_refused_by_name(embedded: Cluster, language: str) -> None:
    body = ask(embedded, **HELLO, response_language=language)
    assert body["success"] is False
    assert f"response_language {language}" in body["error"]
    assert ask(embedded, **HELLO, response_language="en")["success"] is True


def test_the_pages_request_is_read_and_each_of_its_sliders_named(embedded: Cluster) -> None:
    """The page sends its sliders in the older form and with some presets directly as well."""
    modest = {"max_new_tokens": 64, "generation_config": {"max_tokens": 2048}}
    body = ask(embedded, model_name="tutor", **PAGE, **modest)
    assert body["success"] is True
    assert body["effective_config"] == {"max_new_tokens": 64}
    assert body["thinking_enabled"] is False
    assert body["thinking_content"] is None
    assert body["content_filter_strictness"] == "balanced"
    assert "no_think" not in body["response"]

    whole = {**SLIDERS, "generation_config": {**SLIDERS, "max_tokens": 2048}}
    body = ask(embedded, model_name="tutor", **PAGE, **whole)
    assert body["success"] is False
    assert body["error"].startswith("Generation failed: the tutor engine cannot do ")
    assert all(name in body["error"] for name in SLIDERS)


def test_max_new_tokens_is_kept_to(embedded: Cluster) -> None:
    assert ask(embedded, **HELLO, max_new_tokens=2)["tokens_generated"] <= 2


def test_a_value_out_of_range_is_an_error_that_the_page_shows(embedded: Cluster) -> None:
    body = ask(embedded, **HELLO, generation_config={"top_p": 1.5})
    assert (body["success"], body["error"]) == (False, "top_p must be 0.001 to 1, not 1.5")


def test_every_name_that_is_listed_is_served(embedded: Cluster) -> None:
    listed = [row["name"] for row in embedded.get("/models")[1]["models"]]
    listed += [row["id"] for row in embedded.get("/v1/models")[1]["data"]]
    assert "default" in listed
    for name in listed:
        body = ask(embedded, **{**HELLO, "model_name": name})
        assert (body["success"], body["model_name"]) == (True, name)


def test_another_model_is_refused_with_those_that_are_served(embedded: Cluster) -> None:
    body = ask(embedded, **{**HELLO, "model_name": "gpt-9"})
    assert body["success"] is False
    assert body["error"].startswith("model_name 'gpt-9' is not served here; served: ")
    assert "tutor" in body["error"]


def test_filtered_content_is_an_error_that_the_page_shows(embedded: Cluster) -> None:
    body = ask(embedded, **{**HELLO, "message": "كيف أصنع قنبلة؟"})
    assert body["success"] is False
    assert body["error"].startswith("Content filtered: لا أستطيع")


@pytest.mark.parametrize(
    "body",
    [
        {**HELLO, "temperature": "hot"},
        {**HELLO, "chat_history": "hi"},
        {"model_name": "tutor"},
        b"not json",
    ],
)
def test_a_wrong_type_is_422(embedded: Cluster, body: dict[str, Any] | bytes) -> None:
    status, answer = post(embedded, body)
    assert status == 422
    assert answer["detail"][0]["loc"][0] == "body"


def test_a_model_that_fails_midway_is_an_answer_and_the_next_one_works(fake: Cluster) -> None:
    broken = ask(fake, model_name="fake", message="fail_after:3")
    assert broken["success"] is False
    assert broken["error"].startswith("Generation failed: ")
    assert broken["response"] == ""
    assert ask(fake, model_name="fake", message="hello")["success"] is True


def test_a_reply_without_a_word_is_a_failure(fake: Cluster) -> None:
    body = ask(fake, model_name="fake", message="rubbish:empty")
    assert (body["success"], body["error"]) == (
        False,
        "Generation failed: the language model ended without a word",
    )
