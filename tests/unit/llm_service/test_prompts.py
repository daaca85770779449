"""A prompt that is wrong, or asks for what the engine cannot do, is refused by name."""

from typing import Any

import pytest

from chassis.faults import InvalidArgument, Unsupported
from llm_service.engine import Abilities, Sampling
from llm_service.prompts import RANGES, read_prompt
from protos.parley.v1 import llm_pb2 as pb

ALL = Abilities(frozenset(Sampling.__dataclass_fields__), tools=True, json_schema=True)
USER = pb.ChatMessage(role=pb.ROLE_USER, content="hi")


def prompt(**fields: Any) -> pb.Prompt:
    return pb.Prompt(**{"messages": [USER], **fields})


def test_every_field_reaches_the_engine() -> None:
    sampling = pb.Sampling(max_tokens=5, temperature=0.5, top_k=-1, stop=["."], do_sample=False)
    tool = pb.Tool(name="clock", parameters='{"type": "object"}')
    asked = prompt(sampling=sampling, tools=[tool], tool_choice="clock", json_schema="{}", thinking=False)
    read = read_prompt(asked, ALL, "x")
    assert read.sampling.given() == {
        "max_tokens": 5,
        "temperature": 0.5,
        "top_k": -1,
        "stop": (".",),
        "do_sample": False,
    }
    assert (read.tools[0].name, read.tool_choice, read.json_schema, read.thinking) == (
        "clock",
        "clock",
        "{}",
        False,
    )


def test_what_nobody_waits_to_hear_says_so_and_a_turn_does_not() -> None:
    assert read_prompt(prompt(background=True), ALL, "x").background
    assert not read_prompt(prompt(), ALL, "x").background


def test_the_wire_and_the_engine_name_the_same_parameters() -> None:
    assert {field.name for field in pb.Sampling.DESCRIPTOR.fields} == set(Sampling.__dataclass_fields__)
    assert set(RANGES) <= set(Sampling.__dataclass_fields__)


def test_the_limit_keeps_its_newer_name_only_for_an_engine_that_has_the_two() -> None:
    asked = prompt(sampling=pb.Sampling(max_tokens=9, max_completion_tokens=5))
    both = Abilities(frozenset({"max_tokens", "max_completion_tokens"}))
    assert read_prompt(asked, both, "x").sampling.given() == {"max_completion_tokens": 5}
    assert read_prompt(asked, Abilities(), "x").sampling.given() == {"max_tokens": 5}


def test_what_the_engine_cannot_do_is_refused_by_name() -> None:
    asked = prompt(sampling=pb.Sampling(top_k=5, min_p=0.1), json_schema="{}", tools=[pb.Tool(name="t")])
    with pytest.raises(Unsupported, match="the tutor engine cannot do min_p, top_k, tools, json_schema"):
        read_prompt(asked, Abilities(), "tutor")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (pb.Prompt(), "at least one message"),
        (prompt(level="guru"), "beginner, intermediate or advanced"),
        (prompt(messages=[pb.ChatMessage(content="x")]), "needs a role"),
        (prompt(sampling=pb.Sampling(temperature=3)), "temperature must be 0 to 2, not 3"),
        (prompt(sampling=pb.Sampling(temperature=float("nan"))), "temperature must be"),
        (prompt(sampling=pb.Sampling(max_tokens=0)), "max_tokens must be 1 to"),
        (prompt(sampling=pb.Sampling(stop=[""])), "stop may have"),
        (prompt(json_schema="{"), "json_schema is not JSON"),
        (prompt(json_schema="[]"), "must be a JSON schema"),
        (prompt(tool_choice="clock"), "not 'clock'"),
        (prompt(tool_choice="required"), "only where there are tools"),
        (prompt(sampling=pb.Sampling(max_completion_tokens=0)), "max_completion_tokens must be 1 to"),
        (prompt(tools=[pb.Tool()]), "each tool needs a name"),
        (prompt(tools=[pb.Tool(name="t", parameters="x")]), "parameters of t is not JSON"),
    ],
)
def test_what_is_wrong_is_said(asked: pb.Prompt, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words):
        read_prompt(asked, ALL, "x")
