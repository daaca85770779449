"""From a conversation to the tokens that the model reads, by the chat template that came with the model."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from chassis.faults import InvalidArgument, NotReady
from llm_service.engine import Message, Prompt, Tool, ToolCall
from llm_service.engines import tool_calls
from llm_service.thinking import OPEN


@dataclass(frozen=True, slots=True)
class Rendered:
    """`thinking`: the template has opened a block of reasoning."""

    tokens: list[int]
    thinking: bool


class ChatTemplate:
    """Raises NotReady for a model without one. `knows_tools`: it tells the model of its functions."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        try:
            source: str = tokenizer.get_chat_template()
        except ValueError:
            raise NotReady("the model has no chat template; choose one that was taught to chat") from None
        self.knows_tools = "tools" in source
        self._knows_thinking = "enable_thinking" in source

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        """The messages as tokens, ready for the reply. Raises InvalidArgument where the template refuses."""
        options: dict[str, Any] = {}
        if offered := offered_tools(prompt):
            options["tools"] = [_wire_tool(tool) for tool in offered]
        thinking = False if constrained(prompt) else prompt.thinking
        if self._knows_thinking and thinking is not None:
            options["enable_thinking"] = thinking
        wire = [_wire_message(message) for message in messages]
        try:
            text: str = self._tokenizer.apply_chat_template(
                wire, tokenize=False, add_generation_prompt=True, **options
            )
        except TemplateError as error:
            raise InvalidArgument(f"the model's chat template refuses the messages: {error}") from None
        opened = text.rstrip().endswith(OPEN)
        if forced_tools(prompt):
            text += f"{tool_calls.OPEN}\n"
        return Rendered(self._tokenizer.encode(text, add_special_tokens=False), opened)


def offered_tools(prompt: Prompt) -> tuple[Tool, ...]:
    """The tools that the model is told of."""
    return () if prompt.tool_choice == "none" else prompt.tools


def forced_tools(prompt: Prompt) -> tuple[Tool, ...]:
    """The tools of which one must be called; none: it is the model's choice."""
    if prompt.tool_choice == "required":
        return prompt.tools
    return tuple(tool for tool in offered_tools(prompt) if tool.name == prompt.tool_choice)


def constrained(prompt: Prompt) -> bool:
    """Whether every token is bound to a schema, so that there is no room for reasoning."""
    return bool(prompt.json_schema or forced_tools(prompt))


def _wire_tool(tool: Tool) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": json.loads(tool.parameters),
    }
    return {"type": "function", "function": function}


def _wire_message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        wire["tool_calls"] = [_wire_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _wire_call(call: ToolCall) -> dict[str, Any]:
    """Templates write the arguments themselves, so they get them as an object."""
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InvalidArgument(f"the arguments of the call of {call.name} are no JSON object")
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
