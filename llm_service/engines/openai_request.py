"""What an OpenAI-compatible server is asked: a prompt, what the operator set, as much as its window holds."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llm_service.engine import Message, Prompt
from llm_service.text.habits import Habits
from llm_service.text.history import find_cut, without
from llm_service.text.wire_shapes import wire_message, wire_tool

AROUND_MESSAGE = 6
"""Tokens, about: its role and its marks."""
ASCII_A_TOKEN = 4
"""Characters of English to a token, about; of other characters each may be one."""
_LIMITS = frozenset({"max_tokens", "max_completion_tokens"})
_MERGED = Habits(merges=True)
"""Servers whose template takes no two of the user's messages in a row do not say so beforehand."""


@dataclass(frozen=True, slots=True)
class Own:
    """What a prompt does not say, and the `window` of prompt and reply, in tokens; 0: as much as there is."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    window: int = 0

    def added_to(self, prompt: Prompt) -> dict[str, Any]:
        """The values that the prompt has none of."""
        given = prompt.sampling.given()
        own = {"temperature": self.temperature, "top_p": self.top_p}
        if not given.keys() & _LIMITS:
            own["max_tokens"] = self.max_tokens
        return {name: value for name, value in own.items() if value is not None and name not in given}


def body(model: str, prompt: Prompt, own: Own) -> dict[str, Any]:
    """The request for a prompt."""
    payload: dict[str, Any] = {
        "model": model,
        "messages": [wire_message(message) for message in _MERGED.put(fitted(prompt, own))],
        "stream": True,
        "stream_options": {"include_usage": True},
        **prompt.sampling.given(),
        **own.added_to(prompt),
    }
    if prompt.tools:
        payload["tools"] = [wire_tool(tool) for tool in prompt.tools]
        payload["tool_choice"] = _wire_choice(prompt.tool_choice)
    if prompt.json_schema:
        schema = {"name": "reply", "schema": json.loads(prompt.json_schema), "strict": True}
        payload["response_format"] = {"type": "json_schema", "json_schema": schema}
    return payload


def fitted(prompt: Prompt, own: Own) -> Sequence[Message]:
    """The history that the window holds, by estimate: the server alone knows its tokens."""
    if not own.window:
        return prompt.messages
    sampling = prompt.sampling
    reply = sampling.max_tokens or sampling.max_completion_tokens or own.max_tokens or 0
    room = own.window - min(reply, own.window // 2)
    room -= sum(_tokens(tool.name + tool.description + tool.parameters) for tool in prompt.tools)
    sizes = [_size(message) for message in prompt.messages]
    return without(prompt.messages, find_cut(prompt.messages, sizes, room))


def _size(message: Message) -> int:
    calls = sum(_tokens(call.name + call.arguments) for call in message.tool_calls)
    return AROUND_MESSAGE + _tokens(message.content) + calls


def _tokens(text: str) -> int:
    plain = sum(map(str.isascii, text))
    return plain // ASCII_A_TOKEN + len(text) - plain + 1


def _wire_choice(choice: str) -> str | dict[str, Any]:
    if choice in ("auto", "none", "required"):
        return choice
    return {"type": "function", "function": {"name": choice}}
