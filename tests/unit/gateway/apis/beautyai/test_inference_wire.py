"""From BeautyAI's fields to the request that an OpenAI-compatible server gets, and its answer back."""

import asyncio
import json
from typing import Any

import pytest

from chassis.faults import Unsupported
from gateway.apis.beautyai.inference_answer import InferenceAnswer, Reply
from gateway.apis.beautyai.inference_request import InferenceRequest, read_request
from llm_service.engines.openai import OpenAiEngine
from llm_service.prompts import read_prompt
from llm_service.service import events
from protos.parley.v1.control_pb2 import ModelStatus
from tests.support.scripted_openai import MODEL, delta, end, scripted

ANSWER = [
    delta(reasoning_content="Dry, so "),
    delta(content="<think>moist"),
    delta(content="urise.</think>Use a cream."),
    end(),
    {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 8}},
    "[DONE]",
]


def exchanged(**fields: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The answer to a request and what the server was sent for it."""
    sent = {"model_name": MODEL, "message": "My skin is dry.", **fields}
    request = InferenceRequest.model_validate_json(json.dumps(sent))

    async def run() -> tuple[dict[str, Any], dict[str, Any]]:
        async with scripted(ANSWER) as script:
            engine = OpenAiEngine(script.url, "", MODEL)
            await engine.load()
            try:
                info = engine.info
                status = ModelStatus(engine=info.name, languages=info.languages, abilities=info.abilities)
                answer = InferenceAnswer(request, status)
                answer.asked = asked = read_request(request, status)
                answer.reply = Reply()
                async for output in engine.chat(read_prompt(asked.prompt, engine.abilities, info.name)):
                    for event in events(output, 0):
                        answer.reply.take(event)
                return answer.whole(), script.requests[0]
            finally:
                await engine.unload()

    return asyncio.run(run())


def test_the_fields_reach_the_server_and_what_only_a_preset_wants_is_left_out_where_it_cannot() -> None:
    body, request = exchanged(
        temperature=0.25,
        generation_config={"max_tokens": 64, "temperature": 0.75, "top_p": 0.5},
        chat_history=[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello."}],
        response_language="ar",
        preset="qwen_optimized",
    )
    assert (request["temperature"], request["top_p"], request["max_tokens"]) == (0.25, 0.5, 64)
    assert not request.keys() & {"top_k", "repetition_penalty", "max_new_tokens"}
    assert body["effective_config"] == {"temperature": 0.25, "top_p": 0.5, "max_new_tokens": 64}
    said = [(message["role"], message["content"]) for message in request["messages"]]
    assert said[0][0] == "system"
    assert "Answer in Arabic" in said[0][1]
    assert said[1:] == [("user", "hi"), ("assistant", "Hello."), ("user", "My skin is dry.")]


def test_thinking_is_separated_in_both_of_its_shapes() -> None:
    body, _ = exchanged()
    assert body["response"] == body["final_content"] == "Use a cream."
    assert body["thinking_content"] == "Dry, so moisturise."
    assert body["tokens_generated"] == 8
    assert body["generation_stats"]["performance"]["thinking_tokens"] == 3


def test_thinking_that_was_not_wanted_is_not_told() -> None:
    body, request = exchanged(message="My skin is dry. /no_think")
    assert body["thinking_content"] is None
    assert body["response"] == "Use a cream."
    assert request["messages"][-1]["content"] == "My skin is dry."


def test_what_the_caller_gave_is_refused_by_name() -> None:
    with pytest.raises(Unsupported, match="the openai engine cannot do num_beams, top_k; leave it out"):
        exchanged(num_beams=4, top_k=5)
