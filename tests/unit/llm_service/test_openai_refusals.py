"""What servers elsewhere lack, refuse and repeat, over real HTTP: the operator is told, and chat goes on."""

import json
from typing import Any

import pytest

from chassis.faults import InvalidArgument, NotReady, Unavailable
from llm_service.engine import Message, Prompt, Sampling
from llm_service.engines.openai import OpenAiEngine
from tests.support.scripted_openai import MODEL, Raw
from tests.unit.llm_service.openai_asking import HELLO, KEY, PAGE, ask, refused, text


def sampling(name: str) -> Sampling:
    """The limit under one of its names."""
    return Sampling(max_tokens=7) if name == "max_tokens" else Sampling(max_completion_tokens=7)


# ---------------------------------------------------------------------- lists of models


LISTS: dict[str, Raw] = {
    "missing": Raw((b"not found",), "text/plain", 404),
    "not allowed": Raw((b"{}",), "application/json", 405),
    "kept secret": Raw((b"{}",), "application/json", 401),
    "failing": Raw((b"oops",), "text/plain", 500),
    "null": Raw((b"null",), "application/json"),
    "null data": Raw((b'{"object": "list", "data": null}',), "application/json"),
    "a list": Raw((json.dumps([{"id": MODEL}]).encode(),), "application/json"),
    "a list of names": Raw((json.dumps([MODEL]).encode(),), "application/json"),
    "named otherwise": Raw(
        (json.dumps({"models": [{"name": f"models/{MODEL}"}]}).encode(),), "application/json"
    ),
    "an empty list": Raw((b"[]",), "application/json"),
    "nulls and numbers": Raw((b'{"data": [null, 7, {"id": null}, {}]}',), "application/json"),
    "a text": Raw((b'"models"',), "application/json"),
    "a web page": PAGE,
    "no JSON": Raw((b"{",), "application/json"),
    "deep": Raw((b"[" * 100_000,), "application/json"),
    "huge": Raw((b"x" * 65_536,) * 20, "application/json"),
}


@pytest.mark.parametrize("name", LISTS)
def test_a_server_that_chats_well_is_used_whatever_its_list_of_models_is(name: str) -> None:
    assert text(ask(HELLO, HELLO, models=LISTS[name])[0]) == "Hello."


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize(
    "answer", [404, 401, 500, PAGE, Raw((b'{"detail":"Not Found"}',), "application/json")]
)
def test_a_server_that_does_not_chat_is_named_with_what_came(name: str, answer: Any) -> None:
    if name in ("a list", "a list of names", "named otherwise"):
        return
    fault = refused(answer, answer, answer, models=LISTS[name])
    assert isinstance(fault, NotReady | Unavailable)
    assert "LLM_BASE_URL=http://127.0.0.1:" in str(fault)
    assert "/models" in str(fault)
    assert "Error" not in str(fault)
    assert len(str(fault)) < 1000


# ---------------------------------------------------------------------- what servers refuse


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_keeps_the_name_that_it_came_with(name: str) -> None:
    asked = Prompt(1, (Message("user", "hi"),), sampling(name))
    _, (request,) = ask(HELLO, asked=asked)
    other = ({"max_tokens", "max_completion_tokens"} - {name}).pop()
    assert request[name] == 7
    assert other not in request


REFUSALS = (
    "Unsupported parameter: '{}' is not supported with this model.",
    '[{{"type": "extra_forbidden", "loc": ["body", "{}"], "msg": "Extra inputs are not permitted"}}]',
    "Unrecognized request argument supplied: {}",
    "unknown field `{}`",
)


@pytest.mark.parametrize("words", REFUSALS)
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_name_for_the_limit_that_a_server_refuses_becomes_the_other_and_is_remembered(
    name: str, words: str
) -> None:
    asked = Prompt(1, (Message("user", "hi"),), sampling(name))
    outputs, requests = ask(HELLO, HELLO, asked=asked, times=2, refuses=(name,), words=words)
    assert text(outputs) == "Hello.Hello."
    other = ({"max_tokens", "max_completion_tokens"} - {name}).pop()
    assert [request.get(other) for request in requests] == [None, 7, 7]


@pytest.mark.parametrize("words", [*REFUSALS, "{} must not be sent", "Extra inputs are not permitted"])
def test_a_server_that_refuses_stream_options_is_asked_without_and_that_is_remembered(words: str) -> None:
    outputs, requests = ask(HELLO, HELLO, times=2, refuses=("stream_options",), words=words)
    assert text(outputs) == "Hello.Hello."
    assert ["stream_options" in request for request in requests] == [True, False, False]


def test_a_server_that_fails_over_what_it_does_not_know_is_asked_otherwise() -> None:
    words = "create() got an unexpected keyword argument '{}'"
    outputs, requests = ask(HELLO, refuses=("stream_options",), words=words, status=500)
    assert (text(outputs), len(requests)) == ("Hello.", 2)


def test_all_that_a_server_refuses_is_learned_one_by_one() -> None:
    asked = Prompt(1, (Message("user", "hi"),), Sampling(max_tokens=7))
    outputs, requests = ask(HELLO, asked=asked, refuses=("stream_options", "max_tokens"))
    assert text(outputs) == "Hello."
    assert requests[-1]["max_completion_tokens"] == 7


def test_a_limit_that_is_too_high_is_not_sent_under_another_name() -> None:
    asked = Prompt(1, (Message("user", "hi"),), Sampling(max_tokens=30_000))
    fields: dict[str, Any] = {"refuses": ("max_tokens",), "words": "{} is too large: at most 4096"}
    fault = refused(HELLO, asked=asked, **fields)
    assert isinstance(fault, InvalidArgument)
    assert "too large" in str(fault)


@pytest.mark.parametrize("before", [*range(0, 40, 7), *range(255, 305, 6), *range(3950, 4000, 9)])
def test_a_server_that_repeats_our_key_does_not_make_us_repeat_it(before: int) -> None:
    words = f"bad {'x' * before} {KEY} header"
    echo = Raw((json.dumps({"error": {"message": words}}).encode(),), "application/json", 400)
    listing = Raw((json.dumps({"data": [{"id": words}]}).encode(),), "application/json")
    midway = [{"choices": []}, {"error": words}]
    for fault in (refused(echo), refused(models=listing), refused(midway)):
        assert "bad x" in str(fault) or not before
        assert KEY[:8] not in str(fault)


async def test_an_address_with_a_password_is_shown_without_it() -> None:
    with pytest.raises(Unavailable) as raised:
        await OpenAiEngine(f"http://user:{KEY}@127.0.0.1:9/v1?key={KEY}", "", MODEL).load()
    assert "LLM_BASE_URL=http://127.0.0.1:9/v1 cannot be reached" in str(raised.value)
    assert KEY not in str(raised.value)
