"""Messages and tools in OpenAI's shapes, which servers and chat templates read."""

import json
from typing import Any

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Tool, ToolCall


def wire_tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": json.loads(tool.parameters),
    }
    return {"type": "function", "function": function}


def wire_message(message: Message) -> dict[str, Any]:
    """For a server: the arguments of calls are JSON texts."""
    return _message(message, [_call(call, call.arguments) for call in message.tool_calls])


def templated_message(message: Message) -> dict[str, Any]:
    """For a chat template, which writes the arguments of calls itself: they are objects."""
    return _message(message, [_call(call, _arguments(call)) for call in message.tool_calls])


def _message(message: Message, calls: list[dict[str, Any]]) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if calls:
        wire["tool_calls"] = calls
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _call(call: ToolCall, arguments: Any) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InvalidArgument(f"the arguments of the call of {call.name} are no JSON object")
    return arguments
