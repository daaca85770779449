"""Servers that say they are OpenAI and are so in their own way, over real HTTP: what chats well is heard."""

import json
from typing import Any

import pytest

from chassis.faults import Unavailable
from llm_service.engine import Delta, Finished, Thinking, ToolCall
from tests.support.scripted_openai import Raw, delta, end
from tests.unit.llm_service.openai_asking import HELLO, WHOLE, ask, refused, text


def sse(*chunks: Any, after: str = "\n\n") -> bytes:
    return "".join(f"data: {json.dumps(chunk, ensure_ascii=False)}{after}" for chunk in chunks).encode()


# ---------------------------------------------------------------------- streams


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\u0085", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e"])
def test_a_character_that_python_takes_for_the_end_of_a_line_is_text(mark: str) -> None:
    raw = f'data: {{"choices":[{{"delta":{{"content":"one{mark if mark > "~" else ""}two"}}}}]}}\n\n'.encode()
    outputs, _ = ask(Raw((raw, sse(delta(content=f" a{mark}b"), end()), b"data: [DONE]\n\n")))
    assert text(outputs) == f"one{mark if mark > '~' else ''}two a{mark}b"


STREAMS = {
    "carriage returns": sse(delta(content="Grüße 🎈."), end(), after="\r\r"),
    "carriage return and line feed": sse(delta(content="Grüße 🎈."), end(), after="\r\n\r\n"),
    "no blank lines": sse(delta(content="Grüße 🎈."), end(), after="\n"),
    "no space after data": sse(delta(content="Grüße 🎈."), end()).replace(b"data: ", b"data:"),
    "comments, events and ids": b": hello\nevent: message\nid: 7\nretry: 10\n"
    + sse(delta(content="Grüße 🎈."), end())
    + b": ping\n\n",
    "a last line without an end": sse(end(), delta(content="Grüße 🎈."), after="").replace(
        b"}data:", b"}\ndata:"
    ),
    "a mark of byte order": b"\xef\xbb\xbf" + sse(delta(content="Grüße 🎈."), end()),
    "an object over several lines": b"".join(
        b"data: " + line + b"\n"
        for line in json.dumps(delta(content="Grüße 🎈."), indent=1).encode().split(b"\n")
    )
    + b"\n",
    "objects without the field's name": sse(delta(content="Grüße 🎈."), end(), after="\n").replace(
        b"data: ", b""
    ),
    "nulls between": b"data: null\n\ndata:\n\n" + sse(delta(content="Grüße 🎈."), end()),
}


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("size", [1, 3, 4096])
def test_a_stream_is_heard_whole_however_its_lines_end_and_wherever_its_bytes_are_cut(
    name: str, size: int
) -> None:
    raw = STREAMS[name]
    pieces = tuple(raw[start : start + size] for start in range(0, len(raw), size))
    outputs, _ = ask(Raw((b"".join(pieces),) if len(pieces) > 400 else pieces))
    assert text(outputs) == "Grüße 🎈."
    assert isinstance(outputs[-1], Finished)


def test_a_character_whose_escapes_are_cut_in_two_chunks_is_one_character() -> None:
    raw = rb'data: {"choices":[{"delta":{"content":"a\ud83c"}}]}' + b"\n\n"
    raw += rb'data: {"choices":[{"delta":{"content":"\udf88b\ud83c"}}]}' + b"\n\n"
    outputs, _ = ask(Raw((raw, sse(end()))))
    assert text(outputs).rstrip("\ufffd") == "a🎈b"


def test_null_is_not_given_in_every_field_of_a_chunk() -> None:
    nulls = {"error": None, "usage": None, "choices": None}
    chunk = {"error": None, "usage": None, "system_fingerprint": None, "choices": [None, {"delta": None}]}
    fields = {"content": None, "reasoning": None, "tool_calls": None, "function_call": None, "refusal": None}
    said = {
        "error": None,
        "choices": [{"index": None, "delta": {"content": "Hello."}, "finish_reason": None}],
    }
    used = {"choices": [], "usage": {"prompt_tokens": None, "completion_tokens": 2, "total_tokens": None}}
    outputs, requests = ask(
        [nulls, chunk, delta(**fields), said, delta(tool_calls=[None]), end(), used, "[DONE]"]
    )
    assert outputs == [Delta("Hello."), Finished("stop", 0, 2)]
    assert len(requests) == 1


@pytest.mark.parametrize(
    "error",
    [{"message": "boom"}, "boom", {"message": None, "detail": "boom"}, {"code": 500, "message": "boom"}],
)
def test_an_error_in_a_stream_is_told_in_any_of_its_shapes(error: Any) -> None:
    fault = refused([delta(content="Hel"), {"error": error}])
    assert isinstance(fault, Unavailable)
    assert "boom" in str(fault)


def test_an_event_called_error_is_an_error() -> None:
    raw = sse(delta(content="Hel")) + b'event: error\ndata: {"message": "boom"}\n\n'
    assert "boom" in str(refused(Raw((raw,))))


def test_an_answer_in_one_piece_is_heard_though_a_stream_was_asked_for() -> None:
    outputs, _ = ask(Raw((json.dumps({**WHOLE, "error": None}).encode(),), "application/json"))
    assert outputs == [Delta("Hello."), Finished()]


def test_a_stream_that_calls_itself_one_object_is_heard() -> None:
    raw = b": hello\n\n" + sse(delta(content="Hello."), end()) + b"data: [DONE]\n\n"
    assert text(ask(Raw((raw,), "application/json"))[0]) == "Hello."


def test_the_whole_text_once_more_at_the_end_of_a_stream_is_said_once() -> None:
    again = {"choices": [{"delta": {}, "message": {"content": "Hello."}, "finish_reason": "stop"}]}
    assert text(ask([delta(content="Hello."), again, "[DONE]"])[0]) == "Hello."


def test_a_line_without_an_end_is_not_kept_for_ever() -> None:
    fault = refused(Raw((sse(delta(content="Hel")), b"data: " + b"x" * (1100 * 1024))))
    assert "characters" in str(fault)


def test_a_stream_without_a_word_is_a_fault_and_asked_for_again() -> None:
    outputs, requests = ask(Raw((b": ping\n\n",)), HELLO)
    assert (text(outputs), len(requests)) == ("Hello.", 2)


# ---------------------------------------------------------------------- content


HIDDEN = "I should be kind."
PARTS: tuple[list[Any], ...] = (
    [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo."}],
    [{"type": "reasoning", "text": HIDDEN}, {"type": "text", "text": "Hello."}],
    [
        {"type": "thinking", "thinking": [{"type": "text", "text": HIDDEN}]},
        {"type": "text", "text": "Hello."},
    ],
    [{"type": "reasoning", "summary": [{"type": "summary_text", "text": HIDDEN}]}, "Hello."],
    [{"type": "redacted_thinking", "data": "c2VjcmV0"}, {"type": "output_text", "text": "Hello."}],
    [{"text": HIDDEN, "thought": True}, {"text": "Hello."}],
    [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "Hello."}, None, 7],
    [{"type": "text", "text": f"<think>{HIDDEN}</think>"}, {"type": "text", "text": "Hello."}],
)


@pytest.mark.parametrize("parts", PARTS)
def test_content_in_parts_is_spoken_as_text_and_what_is_hidden_is_not(parts: list[Any]) -> None:
    outputs, _ = ask([delta(content=parts), end(), "[DONE]"])
    assert text(outputs) == "Hello."
    thought = "".join(output.text for output in outputs if isinstance(output, Thinking))
    assert thought in ("", HIDDEN)


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("shape", [HIDDEN, [HIDDEN], {"text": HIDDEN}, [{"type": "text", "text": HIDDEN}]])
def test_reasoning_is_hidden_whatever_its_field_and_shape(name: str, shape: Any) -> None:
    outputs, _ = ask([delta(**{name: shape}), delta(content="Hello."), end(), "[DONE]"])
    assert outputs[:2] == [Thinking(HIDDEN), Delta("Hello.")]


# ---------------------------------------------------------------------- tool calls


def piece(name: Any = None, arguments: Any = None, **fields: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **fields}


WEATHER, TIME = ("get_weather", '{"city": "Rome"}'), ("get_time", '{"zone": "UTC"}')
CALLS: dict[str, list[list[Any]]] = {
    "no index, ids, both in one chunk": [[piece(*WEATHER, id="a"), piece(*TIME, id="b")]],
    "no index, ids, a chunk each": [[piece(*WEATHER, id="a")], [piece(*TIME, id="b")]],
    "neither index nor ids": [[piece(*WEATHER)], [piece(*TIME)]],
    "null for the index": [[piece(*WEATHER, index=None, id=None)], [piece(*TIME, index=None, id=None)]],
    "index 0 for both, with ids": [[piece(*WEATHER, index=0, id="a")], [piece(*TIME, index=0, id="b")]],
    "index 0 for both, without ids": [[piece(*WEATHER, index=0)], [piece(*TIME, index=0)]],
    "arguments in pieces, told apart by id": [
        [piece("get_weather", "", id="a"), piece("get_time", "", id="b")],
        [piece(None, '{"city": ', id="a"), piece(None, '{"zone": ', id="b")],
        [piece(None, '"Rome"}', id="a"), piece(None, '"UTC"}', id="b")],
    ],
    "arguments in pieces, told apart by order": [
        [piece("get_weather", '{"city"')],
        [piece(None, ': "Rome"}')],
        [piece("get_time", '{"zone"')],
        [piece(None, ': "UTC"}')],
    ],
    "the name again in every piece": [
        [piece("get_weather", '{"city"', index=0, id="a")],
        [piece("get_weather", ': "Rome"}', index=0, id="a")],
        [piece("get_time", '{"zone"', index=1, id="b")],
        [piece("get_time", ': "UTC"}', index=1, id="b")],
    ],
    "arguments as objects": [[piece("get_weather", {"city": "Rome"}), piece("get_time", {"zone": "UTC"})]],
    "another id with every piece": [
        [piece("get_weather", '{"city"', index=0, id="a")],
        [piece(None, ': "Rome"}', index=0, id="x")],
        [piece("get_time", '{"zone": "UTC"}', index=1, id="b")],
    ],
}


@pytest.mark.parametrize("name", CALLS)
def test_tool_calls_are_told_apart_by_index_id_or_order(name: str) -> None:
    outputs, _ = ask([*(delta(tool_calls=calls) for calls in CALLS[name]), end("stop"), "[DONE]"])
    calls = [output for output in outputs if isinstance(output, ToolCall)]
    assert [(call.name, json.loads(call.arguments)) for call in calls] == [
        (wanted, json.loads(arguments)) for wanted, arguments in (WEATHER, TIME)
    ]
    assert len({call.id for call in calls} - {""}) == 2
    assert outputs[-1] == Finished("tool_calls")


def test_two_calls_of_one_function_without_index_or_id_are_two() -> None:
    rome, oslo = piece("get_weather", '{"city":"Rome"}'), piece("get_weather", '{"city":"Oslo"}')
    outputs, _ = ask([delta(tool_calls=[rome, oslo]), end("tool_calls"), "[DONE]"])
    assert [json.loads(call.arguments)["city"] for call in outputs if isinstance(call, ToolCall)] == [
        "Rome",
        "Oslo",
    ]


def test_a_call_without_arguments_has_none() -> None:
    outputs, _ = ask([delta(tool_calls=[piece("now", None, index=0, id="a")]), end(), "[DONE]"])
    assert outputs[0] == ToolCall("a", "now", "{}")
