"""Tells tool calls from speech: what stands between `<tool_call>` and `</tool_call>` is never spoken.

The Hermes format, which Qwen2.5 and Qwen3 write: one JSON object a block, with `name` and `arguments`. The
tags come cut anywhere; a piece that may still become a tag is held back until it is known.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

from chassis.faults import InvalidArgument
from llm_service.engine import Delta, Tool, ToolCall

OPEN, CLOSE = "<tool_call>", "</tool_call>"


def new_call_id() -> str:
    return f"call_{uuid4().hex[:24]}"


class ToolCallSplitter:
    """One reply. `inside`: the prompt has opened a block already. `dropped` counts unreadable blocks."""

    def __init__(self, inside: bool = False, new_id: Callable[[], str] = new_call_id) -> None:
        self.dropped = 0
        self._inside = inside
        self._new_id = new_id
        self._held = ""
        self._after_call = False

    def feed(self, text: str) -> list[Delta | ToolCall]:
        self._held += text
        outputs: list[Delta | ToolCall] = []
        while True:
            tag = CLOSE if self._inside else OPEN
            before, found, after = self._held.partition(tag)
            if not found:
                break
            self._emit(before, outputs)
            self._held, self._inside = after, not self._inside
        if not self._inside:
            safe = len(self._held) - _may_begin(self._held, OPEN)
            self._emit(self._held[:safe], outputs)
            self._held = self._held[safe:]
        return outputs

    def finish(self) -> list[Delta | ToolCall]:
        """What was held back is no tag after all; a block without its end counts when it is whole."""
        outputs: list[Delta | ToolCall] = []
        self._emit(self._held, outputs)
        self._held, self._inside = "", False
        return outputs

    def _emit(self, text: str, outputs: list[Delta | ToolCall]) -> None:
        if not self._inside:
            text = text.lstrip() if self._after_call else text
            if text:
                self._after_call = False
                outputs.append(Delta(text))
            return
        self._after_call = True
        call = read_call(text, self._new_id)
        if call is None:
            self.dropped += 1
        else:
            outputs.append(call)


def read_call(text: str, new_id: Callable[[], str] = new_call_id) -> ToolCall | None:
    """The call that a block's text asks for, or None when it is no JSON object with a name."""
    block = _read_object(text)
    if block is None or not isinstance(name := block.get("name"), str) or not name:
        return None
    arguments = block.get("arguments", {})
    if isinstance(arguments, str):
        arguments = _read_object(arguments)
    if not isinstance(arguments, dict):
        return None
    return ToolCall(new_id(), name, json.dumps(arguments, ensure_ascii=False))


def call_schema(tools: Sequence[Tool]) -> str:
    """The JSON schema of a call of one of `tools`; definitions move to where `$ref` looks for them."""
    definitions: dict[str, Any] = {}
    choices = []
    for number, tool in enumerate(tools):
        prefix = f"{number}__" if len(tools) > 1 else ""
        parameters = _renamed(json.loads(tool.parameters) or {"type": "object"}, prefix)
        own = parameters.pop("$defs", {})
        if not isinstance(own, dict):
            raise InvalidArgument(f"parameters of {tool.name}: $defs must be an object of schemas by name")
        definitions |= {f"{prefix}{name}": schema for name, schema in own.items()}
        properties = {"name": {"const": tool.name}, "arguments": parameters}
        choices.append(
            {
                "type": "object",
                "properties": properties,
                "required": list(properties),
                "additionalProperties": False,
            }
        )
    schema: dict[str, Any] = choices[0] if len(choices) == 1 else {"anyOf": choices}
    return json.dumps(schema | {"$defs": definitions} if definitions else schema)


def _renamed(schema: Any, prefix: str) -> Any:
    """The schema with its `$ref`s to its own definitions renamed, so that two tools may use one name."""
    match schema:
        case dict():
            return {
                key: f"#/$defs/{prefix}{value.removeprefix('#/$defs/')}"
                if key == "$ref" and isinstance(value, str) and value.startswith("#/$defs/")
                else _renamed(value, prefix)
                for key, value in schema.items()
            }
        case list():
            return [_renamed(item, prefix) for item in schema]
        case _:
            return schema


def _read_object(text: str) -> dict[str, Any] | None:
    try:
        parsed = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _may_begin(text: str, tag: str) -> int:
    """How many characters at the end of `text` may be the beginning of `tag`."""
    lengths = range(min(len(tag) - 1, len(text)), 0, -1)
    return next((length for length in lengths if tag.startswith(text[-length:])), 0)
