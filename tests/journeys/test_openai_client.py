"""An unmodified OpenAI client against the gateway: it lists, chats, streams, and knows our refusals."""

from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.support.cluster import Cluster

HELLO: list[Any] = [{"role": "user", "content": "hello, my name is Ana"}]


@pytest.fixture
def client(embedded: Cluster) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{embedded.url}/v1", api_key="none", max_retries=0) as made:
        yield made


def test_it_lists_and_finds_the_model(client: openai.OpenAI) -> None:
    assert "tutor" in [model.id for model in client.models.list()]
    assert client.models.retrieve("tutor").id == "tutor"


def test_it_gets_an_answer_with_its_usage(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="tutor", messages=HELLO)
    (choice,) = answer.choices
    assert "Ana" in (choice.message.content or "")
    assert choice.finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 5


def test_it_gets_the_same_answer_as_a_stream(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="tutor", messages=HELLO).choices[0].message.content
    stream = client.chat.completions.create(
        model="tutor", messages=HELLO, stream=True, stream_options={"include_usage": True}
    )
    pieces, usage = [], None
    for chunk in stream:
        pieces += [choice.delta.content or "" for choice in chunk.choices]
        usage = chunk.usage or usage
    assert "".join(pieces) == whole
    assert len(pieces) > 5
    assert usage is not None


def test_a_length_limit_is_said_in_the_reason(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="tutor", messages=HELLO, max_tokens=2)
    assert answer.choices[0].finish_reason == "length"


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"model": "gpt-9"}, openai.NotFoundError, "does not exist here; served: "),
        ({"model": "tutor", "temperature": 1}, openai.BadRequestError, "cannot do temperature"),
        ({"model": "tutor", "temperature": 9}, openai.BadRequestError, "temperature"),
        ({"model": "tutor", "n": 2}, openai.BadRequestError, "n must be 1"),
        ({"model": "tutor", "messages": []}, openai.BadRequestError, "messages"),
        (
            {"model": "tutor", "response_format": {"type": "json_object"}},
            openai.BadRequestError,
            "json_schema",
        ),
        ({"model": "tutor", "messages": HELLO * 2001}, openai.BadRequestError, "at most"),
        (
            {"model": "tutor", "messages": [{"role": "user", "content": "x" * 600_000}]},
            openai.BadRequestError,
            "bytes at most",
        ),
    ],
)
def test_a_refusal_is_the_exception_that_the_client_has_for_it(
    client: openai.OpenAI, arguments: dict[str, Any], error: type[openai.APIStatusError], words: str
) -> None:
    with pytest.raises(error, match=words):
        client.chat.completions.create(**{"messages": HELLO, **arguments})


def test_a_caller_who_leaves_frees_its_place(client: openai.OpenAI, embedded: Cluster) -> None:
    for _ in range(5):
        with client.chat.completions.create(model="tutor", messages=HELLO, stream=True) as stream:
            next(iter(stream))
    assert embedded.metric("llm", 'parley_slots_used{engine="tutor"}') == 0
