"""OpenAI's chat API towards clients that send what they like: null is not given, streams are safe to cut."""

import json
from typing import Any

import pytest

from chassis.faults import NoSlot
from protos.parley.v1 import llm_pb2 as pb
from tests.unit.gateway.apis.inference_rig import ScriptedLink, delta, finished, post

USER = {"role": "user", "content": "hi"}
ASK: dict[str, Any] = {"model": "tiny", "messages": [USER]}
TOOL = {"type": "function", "function": {"name": "clock"}}


def ask(body: dict[str, Any], *said: pb.ChatEvent | Exception) -> tuple[Any, ScriptedLink]:
    link = ScriptedLink([*(said or (delta("Hello."),)), finished(1)])
    return post(link, {**ASK, **body}, path="/v1/chat/completions"), link


# ---------------------------------------------------------------------- null and unknown


OPTIONAL = (
    *(
        "stream",
        "stream_options",
        "max_tokens",
        "max_completion_tokens",
        "min_tokens",
        "temperature",
        "top_p",
    ),
    *(
        "top_k",
        "min_p",
        "repetition_penalty",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "stop",
        "tools",
    ),
    *("tool_choice", "response_format", "n", "logprobs", "logit_bias", "user", "store", "metadata"),
)


@pytest.mark.parametrize("name", OPTIONAL)
def test_null_is_not_given_in_any_field_of_a_request(name: str) -> None:
    answer, link = ask({name: None})
    assert answer.status_code == 200
    assert link.prompts == ask({})[1].prompts


HISTORIES: tuple[dict[str, Any], ...] = (
    {"role": "assistant", "content": "Hm.", "tool_calls": None},
    {"role": "assistant", "content": None, "tool_calls": None, "refusal": None, "audio": None},
    {"role": "assistant", "content": "Hm.", "function_call": None, "annotations": [], "name": None},
    {"role": "user", "content": "hi", "name": None, "tool_call_id": None},
    {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": None}]},
    {"role": "assistant", "content": [{"type": "refusal", "refusal": "No.", "text": None}]},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": None, "function": {"name": "clock", "arguments": None}}],
    },
)


@pytest.mark.parametrize("message", HISTORIES)
def test_null_is_not_given_in_the_messages_of_a_history(message: dict[str, Any]) -> None:
    answer, link = ask({"messages": [message, USER]})
    assert answer.status_code == 200, answer.text
    assert len(link.prompts[0].messages) == 2


@pytest.mark.parametrize("name", ["description", "parameters", "strict"])
def test_null_is_not_given_in_a_tool(name: str) -> None:
    tool = {"type": "function", "function": {"name": "clock", name: None}}
    answer, link = ask({"tools": [tool]})
    assert answer.status_code == 200
    assert link.prompts[0].tools[0].parameters == "{}"


def test_null_for_what_must_be_given_is_told_as_missing() -> None:
    for body, where in (({"model": None}, "model"), ({"messages": None}, "messages")):
        answer, _ = ask(body)
        error = answer.json()["error"]
        assert (answer.status_code, error["type"], error["param"]) == (400, "invalid_request_error", where)


def test_fields_that_nobody_knows_here_are_ignored() -> None:
    body = {"reasoning_effort": "low", "parallel_tool_calls": True, "web_search_options": {}, "x": [1]}
    assert ask(body)[0].status_code == 200


# ---------------------------------------------------------------------- limits and tools


def test_a_limit_is_passed_on_under_its_own_name() -> None:
    old, new = pb.Sampling(max_tokens=7), pb.Sampling(max_completion_tokens=7)
    assert ask({"max_tokens": 7})[1].prompts[0].sampling == old
    assert ask({"max_completion_tokens": 7})[1].prompts[0].sampling == new
    assert ask({"max_completion_tokens": 7, "max_tokens": 9})[1].prompts[0].sampling == new


@pytest.mark.parametrize("tools", [{}, {"tools": None}, {"tools": []}])
def test_a_tool_required_where_there_is_none_is_refused_as_openai_refuses(tools: dict[str, Any]) -> None:
    answer, link = ask({"tool_choice": "required", **tools})
    error = answer.json()["error"]
    assert (answer.status_code, error["type"]) == (400, "invalid_request_error")
    assert "tool_choice" in error["message"]
    assert not link.prompts
    assert ask({"tool_choice": "required", "tools": [TOOL]})[0].status_code == 200
    assert ask({"tool_choice": "auto", **tools})[0].status_code == 200


# ---------------------------------------------------------------------- streams


MARKS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"


@pytest.mark.parametrize("mark", MARKS)
def test_no_character_in_a_stream_can_be_taken_for_the_end_of_a_line(mark: str) -> None:
    answer, _ = ask({"stream": True}, delta(f"one{mark}two"), pb.ChatEvent(thinking=f"three{mark}four"))
    lines = [line for line in answer.text.splitlines() if line]
    assert lines == [line for line in answer.text.split("\n") if line]
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines[:-1]]
    assert {"content": f"one{mark}two"} in deltas
    assert {"reasoning_content": f"three{mark}four"} in deltas


def test_a_stream_tells_proxies_not_to_keep_it() -> None:
    headers = ask({"stream": True})[0].headers
    assert headers["cache-control"] == "no-cache"
    assert headers["x-accel-buffering"] == "no"


def test_a_full_share_is_429_with_a_time_to_come_back() -> None:
    answer, _ = ask({}, NoSlot("full"))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
