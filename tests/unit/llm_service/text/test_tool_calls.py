"""Tool calls are told from speech wherever the stream is cut, and a call is never spoken."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import InvalidArgument
from llm_service.engine import Delta, Finished, LlmOutput, Thinking, Tool, ToolCall
from llm_service.text.reply_reader import Kind, ReplyReader
from llm_service.text.tool_calls import ToolCallSplitter, call_schema, read_call

WEATHER = '<tool_call>\n{"name": "weather", "arguments": {"city": "Zürich"}}\n</tool_call>'
CLOCK = '<tool_call>{"name": "clock"}</tool_call>'


def split(pieces: list[str], inside: bool = False) -> tuple[str, list[tuple[str, str]], int]:
    """What is spoken, what is called with what, and how many blocks were unreadable."""
    ids = itertools.count()
    splitter = ToolCallSplitter(inside, lambda: f"call_{next(ids)}")
    outputs = [output for piece in pieces for output in splitter.feed(piece)] + splitter.finish()
    spoken = "".join(output.text for output in outputs if isinstance(output, Delta))
    calls = [(output.name, output.arguments) for output in outputs if isinstance(output, ToolCall)]
    return spoken, calls, splitter.dropped


@pytest.mark.parametrize(
    ("text", "spoken", "calls"),
    [
        ("Hello.", "Hello.", []),
        (WEATHER, "", [("weather", '{"city": "Zürich"}')]),
        (
            f"Let me see. {WEATHER}\n{CLOCK}\n",
            "Let me see. ",
            [("weather", '{"city": "Zürich"}'), ("clock", "{}")],
        ),
        (f"{CLOCK}\n\nDone.", "Done.", [("clock", "{}")]),
        ("a < b <tool_calls>", "a < b <tool_calls>", []),
        ("ends with <tool_", "ends with <tool_", []),
        ('<tool_call>{"name": "clock", "arguments": "{\\"a\\": 1}"}', "", [("clock", '{"a": 1}')]),
    ],
)
def test_blocks_are_called_and_the_rest_is_spoken(
    text: str, spoken: str, calls: list[tuple[str, str]]
) -> None:
    assert split([text]) == (spoken, calls, 0)
    assert split(list(text)) == (spoken, calls, 0)


@pytest.mark.parametrize(
    "block",
    [
        "",
        "rubbish",
        "[]",
        "{}",
        '{"name": 3}',
        '{"name": ""}',
        '{"name": "a", "arguments": [1]}',
        "[" * 100_000,
    ],
)
def test_an_unreadable_block_is_neither_called_nor_spoken(block: str) -> None:
    assert split([f"Well. <tool_call>{block}</tool_call>"]) == ("Well. ", [], 1)


def test_a_block_cut_short_is_dropped() -> None:
    assert split(['Well. <tool_call>{"name": "wea']) == ("Well. ", [], 1)


def test_a_block_that_the_prompt_opened_needs_no_tags() -> None:
    assert split(['{"name": "clo', 'ck"}'], inside=True) == ("", [("clock", "{}")], 0)


@given(
    st.lists(st.sampled_from(["<", "tool_call", ">", "</", "Hi ", CLOCK, "<tool_call>", "{}"]), max_size=20)
)
def test_the_cut_of_the_stream_makes_no_difference(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert split(pieces) == split([text]) == split(list(text))


def test_ids_of_calls_differ() -> None:
    one, other = read_call('{"name": "a"}'), read_call('{"name": "a"}')
    assert one is not None
    assert other is not None
    assert one.id != other.id


def test_a_forced_calls_schema_keeps_references_alive() -> None:
    city = Tool(
        "weather",
        parameters='{"properties": {"city": {"$ref": "#/$defs/C"}}, "$defs": {"C": {"enum": ["Rome"]}}}',
    )
    schema = json.loads(call_schema((city, Tool("clock"))))
    weather, clock = schema["anyOf"]
    reference = weather["properties"]["arguments"]["properties"]["city"]["$ref"]
    assert schema["$defs"] == {reference.removeprefix("#/$defs/"): {"enum": ["Rome"]}}
    assert clock["properties"] == {"name": {"const": "clock"}, "arguments": {"type": "object"}}
    assert json.loads(call_schema((Tool("clock"),)))["required"] == ["name", "arguments"]


def read(kind: Kind, pieces: list[str], reason: str, thinking: bool = False) -> list[LlmOutput]:
    reader = ReplyReader(kind, thinking)
    return [output for piece in pieces for output in reader.take(piece)] + reader.finish(reason, 3, 4)


def test_a_call_within_reasoning_is_only_thought() -> None:
    outputs = read("tools", ["<think>", CLOCK, "</think>Hello."], "stop")
    assert outputs == [Thinking(CLOCK), Delta("Hello."), Finished("stop", 3, 4)]


def test_a_reply_with_calls_ends_for_them() -> None:
    *spoken, call, finished = read("tools", ["Wait. ", CLOCK], "stop")
    assert spoken == [Delta("Wait. ")]
    assert isinstance(call, ToolCall)
    assert finished == Finished("tool_calls", 3, 4)
    assert read("tools", [CLOCK, "Wait."], "length")[-1] == Finished("length", 3, 4)


def test_a_json_reply_is_passed_on_as_it_is() -> None:
    odd = '{"said": "<think> <tool_call>"}'
    assert read("json", [odd], "stop") == [Delta(odd), Finished("stop", 3, 4)]


def test_tags_mean_nothing_where_no_tool_was_offered() -> None:
    assert read("talk", [CLOCK], "stop") == [Delta(CLOCK), Finished("stop", 3, 4)]


def test_reasoning_that_the_prompt_opened_is_thought() -> None:
    assert read("talk", ["hm</think>", "Hello."], "stop", thinking=True)[:2] == [
        Thinking("hm"),
        Delta("Hello."),
    ]


def test_two_tools_may_name_their_definitions_alike() -> None:
    def tool(name: str, kind: str) -> Tool:
        schema = {
            "type": "object",
            "properties": {"x": {"$ref": "#/$defs/P"}},
            "$defs": {"P": {"type": kind}},
        }
        return Tool(name, "", json.dumps(schema))

    schema = json.loads(call_schema([tool("a", "string"), tool("b", "integer")]))
    kinds = []
    for choice in schema["anyOf"]:
        reference = choice["properties"]["arguments"]["properties"]["x"]["$ref"]
        kinds.append(schema["$defs"][reference.removeprefix("#/$defs/")]["type"])
    assert kinds == ["string", "integer"]


@pytest.mark.parametrize("definitions", [5, [], None, "text"])
def test_definitions_that_are_none_are_refused(definitions: object) -> None:
    with pytest.raises(InvalidArgument, match=r"\$defs must be an object"):
        call_schema([Tool("a", "", json.dumps({"type": "object", "$defs": definitions}))])
