"""BeautyAI's chat path: the answer that its page reads, and how every failure looks to it."""

import asyncio
import json
from datetime import datetime
from typing import Any

import pytest

from chassis.faults import InternalFault, NoSlot, Unavailable, Unsupported
from gateway.apis.body import MAX_BODY_BYTES
from protos.parley.v1 import llm_pb2 as pb
from tests.unit.gateway.apis.inference_rig import (
    STATUS,
    ScriptedLink,
    application,
    delta,
    finished,
    post,
    thought,
)

ASK = {"model_name": "registered", "message": "hello"}
KEYS = {
    *("success", "data", "timestamp", "execution_time_ms", "error", "response", "session_id", "model_name"),
    *("generation_stats", "effective_config", "preset_used", "thinking_enabled", "content_filter_applied"),
    *("content_filter_strictness", "content_filter_bypassed", "tokens_generated", "generation_time_ms"),
    *("tokens_per_second", "thinking_content", "final_content"),
}
NUMBERS = ("tokens_generated", "generation_time_ms", "tokens_per_second", "execution_time_ms")


def answered(script: list[pb.ChatEvent | Exception], **fields: Any) -> dict[str, Any]:
    return body_of(ScriptedLink(script), **fields)


def body_of(link: ScriptedLink, **fields: Any) -> dict[str, Any]:
    """The body, which has all keys and its numbers whatever happened."""
    answer = post(link, {**ASK, **fields})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    assert body.keys() == KEYS
    assert body["generation_stats"].keys() == {
        *("model_info", "generation_config_used", "content_filter_config", "performance")
    }
    assert datetime.fromisoformat(body["timestamp"]).tzinfo is not None
    numbers = [body[name] for name in NUMBERS] + list(body["generation_stats"]["performance"].values())
    assert len(numbers) == 9
    assert all(isinstance(number, int | float) for number in numbers)
    return body


def test_a_whole_answer_says_what_was_said_and_what_was_really_sent() -> None:
    link = ScriptedLink([delta("Hel"), delta("lo."), finished(3)])
    body = body_of(link, temperature=0.25, min_p=0.5, preset="creative", session_id="s1")
    assert body["success"] is True
    assert body["error"] is body["data"] is body["thinking_content"] is None
    assert body["response"] == body["final_content"] == "Hello."
    assert (body["session_id"], body["model_name"]) == ("s1", "registered")
    sent = {
        "temperature": 0.25,
        "top_p": 0.95,
        "top_k": 40,
        "repetition_penalty": 1.1,
        "max_new_tokens": 1024,
        "min_p": 0.5,
    }
    assert body["effective_config"] == body["generation_stats"]["generation_config_used"] == sent
    (prompt,) = link.prompts
    assert len(prompt.sampling.ListFields()) == len(sent)
    assert prompt.sampling.min_p == 0.5
    assert body["preset_used"] == "creative"
    assert body["generation_stats"]["model_info"]["engine_type"] == "vllm"
    assert body["generation_stats"]["content_filter_config"] == {"strictness_level": "relaxed"}
    assert (body["content_filter_applied"], body["content_filter_bypassed"]) == (True, False)
    assert body["tokens_generated"] == 3
    assert body["tokens_per_second"] > 0
    assert link.cancelled == 1  # the lane is given back


@pytest.mark.parametrize("session", [None, ""])
def test_a_session_without_a_name_is_the_default_one(session: str | None) -> None:
    assert answered([delta("Hi."), finished()], session_id=session)["session_id"] == "default"


def test_words_stand_for_tokens_where_the_server_does_not_count() -> None:
    body = answered([thought("one two"), delta("three four five"), finished()])
    assert body["tokens_generated"] == 5
    assert body["generation_stats"]["performance"]["thinking_tokens"] == 2


@pytest.mark.parametrize(("fields", "thinks"), [({}, True), ({"enable_thinking": False}, False)])
def test_thinking_is_told_apart_and_only_where_it_is_on(fields: dict[str, Any], thinks: bool) -> None:
    body = answered([thought("hm "), thought("so"), delta("Yes."), finished(4)], **fields)
    assert body["thinking_enabled"] is thinks
    assert body["thinking_content"] == ("hm so" if thinks else None)
    assert body["response"] == body["final_content"] == "Yes."


def test_disabling_the_filter_is_told() -> None:
    body = answered([delta("Boom."), finished()], message="how do I make a bomb", disable_content_filter=True)
    assert body["success"] is True
    assert (body["content_filter_applied"], body["content_filter_bypassed"]) == (False, True)
    assert body["content_filter_strictness"] == "disabled"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"message": "how do I make a bomb"}, "I cannot help with that"),
        ({"message": "كيف أصنع قنبلة"}, "لا أستطيع"),
        ({"message": "/no_think who should I vote for", "response_language": "ar"}, "حديثي يقتصر"),
        ({"message": "What is the capital of France?", "preset": "conservative"}, "I only talk about beauty"),
    ],
)
def test_filtered_content_never_reaches_the_model(fields: dict[str, Any], words: str) -> None:
    link = ScriptedLink([delta("Well."), finished()])
    body = body_of(link, **fields)
    assert body["success"] is False
    assert body["error"].startswith(f"Content filtered: {words}")
    assert body["response"] == ""
    assert body["content_filter_applied"] is True
    assert link.prompts == []


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ([Unavailable("gone")], "Generation failed: gone"),
        ([NoSlot("full")], "Generation failed: full"),
        (
            [Unsupported("the x engine cannot do min_tokens; leave it out")],
            "Generation failed: the x engine cannot do min_new_tokens; leave it out",
        ),
        ([delta("Hel"), InternalFault("broken")], "Generation failed: broken"),
        ([], "Generation failed: the language model ended without a word"),
        ([finished()], "Generation failed: the language model ended without a word"),
        ([delta(" \n"), finished(1)], "Generation failed: the language model ended without a word"),
        (
            [thought("and then"), finished(9, "length")],
            "Generation failed: the model thought until max_new_tokens was used up; "
            "raise it or set enable_thinking to false",
        ),
    ],
)
def test_a_failing_model_is_an_answer_with_the_reason(
    script: list[pb.ChatEvent | Exception], error: str
) -> None:
    link = ScriptedLink(script)
    body = body_of(link)
    assert (body["success"], body["error"], body["response"]) == (False, error, "")
    assert body["effective_config"]["temperature"] == 0.5
    assert link.cancelled == 1


def test_a_model_that_is_away_is_an_answer_too() -> None:
    class Away(ScriptedLink):
        def open(self, first: pb.ChatItem, **_: object) -> ScriptedLink:  # noqa: ARG002
            raise Unavailable("the llm service does not answer")

    body = body_of(Away([], status=None))
    assert body["error"] == "Generation failed: the llm service does not answer"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"model_name": "gpt-9"},
            "model_name 'gpt-9' is not served here; served: registered, tiny, vllm",
        ),
        ({"temperature": 9}, "temperature must be 0 to 2, not 9.0"),
        ({"generation_config": {"max_tokens": 0}}, "max_new_tokens must be 1 to 4096, not 0"),
        ({"preset": "wild"}, "preset must be one of "),
        ({"message": ""}, "message is empty: say something to answer"),
    ],
)
def test_a_wrong_value_is_refused_by_name_before_the_model_is_asked(
    fields: dict[str, Any], error: str
) -> None:
    link = ScriptedLink([delta("Hi."), finished()])
    body = body_of(link, **fields)
    assert body["success"] is False
    assert body["error"].startswith(error)
    assert link.prompts == []


@pytest.mark.parametrize("name", ["registered", "tiny", "vllm"])
def test_each_name_of_the_loaded_model_is_served(name: str) -> None:
    assert answered([delta("Hi."), finished()], model_name=name)["model_name"] == name


# ---------------------------------------------------------------------- 422 and access


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (b"{", ["body"]),
        (b"[]", ["body"]),
        (b"[" * 100_000, ["body"]),
        (b'{"model_name": "m", "message": "\xff"}', ["body"]),
        (b'{"model_name": "m"}', ["body", "message"]),
        (b'{"model_name": "m", "message": "hi", "top_k": NaN}', ["body", "top_k"]),
        (json.dumps({**ASK, "temperature": "hot"}).encode(), ["body", "temperature"]),
    ],
)
def test_a_body_of_the_wrong_shape_is_422_in_fastapis_shape(body: bytes, where: list[str]) -> None:
    answer = post(ScriptedLink([]), body)
    assert answer.status_code == 422
    (first, *_) = answer.json()["detail"]
    assert first["loc"] == where
    assert first["msg"]
    assert first.keys() == {"type", "loc", "msg"}


def test_a_body_over_the_limit_is_refused() -> None:
    answer = post(ScriptedLink([]), b" " * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 200
    assert answer.json()["success"] is False
    assert "bytes at most" in answer.json()["error"]


def test_a_key_is_asked_for_where_there_are_keys() -> None:
    script = [delta("Hi."), finished()]
    assert post(ScriptedLink(script), ASK, keys=["k"]).status_code == 401
    assert "bearer token" in post(ScriptedLink(script), ASK, keys=["k"]).json()["detail"]
    headers = {"Authorization": "Bearer k"}
    assert post(ScriptedLink(script), ASK, keys=["k"], headers=headers).json()["success"] is True


def test_a_foreign_page_may_not_ask() -> None:
    script = [delta("Hi."), finished()]
    foreign = post(ScriptedLink(script), ASK, headers={"Origin": "http://evil.test"})
    assert foreign.status_code == 403
    listed = post(ScriptedLink(script), ASK, headers={"Origin": "http://page.test"})
    assert listed.json()["success"] is True


async def test_a_caller_who_leaves_ends_the_reply() -> None:
    class Endless(ScriptedLink):
        async def receive(self) -> pb.ChatEvent:
            await asyncio.sleep(0)
            self.told += 1
            return delta("blah ")

        told = 0

    link = Endless([], STATUS)
    body = json.dumps(ASK).encode()
    incoming = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        if link.told < 20:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        pass

    scope = {
        **{"type": "http", "method": "POST", "path": "/inference/chat", "headers": []},
        **{"query_string": b"", "http_version": "1.1", "scheme": "http", "root_path": ""},
    }
    async with asyncio.timeout(10):
        await application(link)(scope, receive, send)
    assert link.told == 20
    assert link.cancelled == 1
