"""From the wire's prompt to the engine's, checked: what is wrong or impossible is refused by name."""

import json
from dataclasses import replace
from typing import Any

from chassis.faults import InvalidArgument, Unsupported
from llm_service.engine import Abilities, Level, Message, Prompt, Role, Sampling, Tool, ToolCall
from protos.parley.v1 import llm_pb2 as pb

_ROLES: dict[int, Role] = {
    pb.ROLE_SYSTEM: "system",
    pb.ROLE_USER: "user",
    pb.ROLE_ASSISTANT: "assistant",
    pb.ROLE_TOOL: "tool",
}
_LEVELS: dict[str, Level] = {
    "": "intermediate",
    "beginner": "beginner",
    "intermediate": "intermediate",
    "advanced": "advanced",
}
RANGES: dict[str, tuple[float, float]] = {
    "max_tokens": (1, 32_768),
    "max_completion_tokens": (1, 32_768),
    "min_tokens": (0, 32_768),
    "temperature": (0, 2),
    "top_p": (0.001, 1),
    "top_k": (-1, 1000),
    "min_p": (0, 1),
    "repetition_penalty": (0.1, 2),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
    "typical_p": (0.001, 1),
    "epsilon_cutoff": (0, 1),
    "eta_cutoff": (0, 1),
    "diversity_penalty": (0, 10),
    "encoder_repetition_penalty": (0.1, 2),
    "no_repeat_ngram_size": (0, 100),
    "num_beams": (1, 16),
    "num_beam_groups": (1, 16),
    "length_penalty": (-10, 10),
}
"""Both ends are allowed. Fields without a number's range are not here."""
MAX_STOPS = 16
MAX_TOOLS = 128


def read_prompt(prompt: pb.Prompt, abilities: Abilities, engine: str) -> Prompt:
    """Raises InvalidArgument for what is wrong, Unsupported for what this engine cannot do."""
    if not prompt.messages:
        raise InvalidArgument("a prompt needs at least one message")
    if prompt.level not in _LEVELS:
        raise InvalidArgument(f"level must be beginner, intermediate or advanced, not {prompt.level!r}")
    read = Prompt(
        turn=prompt.turn,
        messages=tuple(_message(message) for message in prompt.messages),
        sampling=_one_limit(_sampling(prompt.sampling), abilities),
        level=_LEVELS[prompt.level],
        language=prompt.language or "en",
        tools=_tools(prompt),
        tool_choice=_tool_choice(prompt),
        json_schema=_schema(prompt.json_schema, "json_schema") if prompt.json_schema else "",
        thinking=prompt.thinking if prompt.HasField("thinking") else None,
        background=prompt.background,
    )
    _check_abilities(read, abilities, engine)
    return read


def _check_abilities(prompt: Prompt, abilities: Abilities, engine: str) -> None:
    cannot = sorted(prompt.sampling.given().keys() - abilities.sampling)
    if prompt.tools and not abilities.tools:
        cannot.append("tools")
    if prompt.json_schema and not abilities.json_schema:
        cannot.append("json_schema")
    if cannot:
        raise Unsupported(f"the {engine} engine cannot do {', '.join(cannot)}; leave it out")


def _message(message: pb.ChatMessage) -> Message:
    if (role := _ROLES.get(message.role)) is None:
        raise InvalidArgument("each message needs a role: system, user, assistant or tool")
    calls: tuple[ToolCall, ...] = ()
    if called := message.tool_calls:  # few messages have any, and a history has a hundred messages
        calls = tuple(ToolCall(call.id, call.name, call.arguments) for call in called)
    return Message(role, message.content, calls, message.tool_call_id)


def _sampling(sampling: pb.Sampling) -> Sampling:
    given: dict[str, Any] = {field.name: value for field, value in sampling.ListFields()}
    for name in given.keys() & RANGES.keys():
        value = given[name]
        low, high = RANGES[name]
        if not low <= value <= high:
            raise InvalidArgument(f"{name} must be {low:g} to {high:g}, not {value:g}")
    if "stop" in given:
        given["stop"] = tuple(given["stop"])
        if len(given["stop"]) > MAX_STOPS or not all(given["stop"]):
            raise InvalidArgument(f"stop may have {MAX_STOPS} texts at most, none of them empty")
    return Sampling(**given)


def _one_limit(sampling: Sampling, abilities: Abilities) -> Sampling:
    """For most engines the two names of the limit are one."""
    limit = sampling.max_completion_tokens
    if limit is None:
        return sampling
    if "max_completion_tokens" in abilities.sampling:
        return replace(sampling, max_tokens=None)
    return replace(sampling, max_tokens=limit, max_completion_tokens=None)


def _tools(prompt: pb.Prompt) -> tuple[Tool, ...]:
    if len(prompt.tools) > MAX_TOOLS:
        raise InvalidArgument(f"tools may be {MAX_TOOLS} at most, not {len(prompt.tools)}")
    for tool in prompt.tools:
        if not tool.name:
            raise InvalidArgument("each tool needs a name")
    return tuple(
        Tool(tool.name, tool.description, _schema(tool.parameters or "{}", f"parameters of {tool.name}"))
        for tool in prompt.tools
    )


def _tool_choice(prompt: pb.Prompt) -> str:
    choice = prompt.tool_choice or "auto"
    names = {tool.name for tool in prompt.tools}
    if choice not in ("auto", "none", "required") and choice not in names:
        raise InvalidArgument(f"tool_choice must be auto, none, required or a tool's name, not {choice!r}")
    if choice == "required" and not names:
        raise InvalidArgument("tool_choice may be required only where there are tools")
    return choice


def _schema(text: str, name: str) -> str:
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidArgument(f"{name} is not JSON") from None
    if not isinstance(schema, dict):
        raise InvalidArgument(f"{name} must be a JSON schema, an object")
    return text
