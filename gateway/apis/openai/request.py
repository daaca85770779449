"""An OpenAI chat-completions request, checked, and what it asks of the language model.

Fields that change the answer and cannot be honoured are refused by name; the rest are ignored.
"""

import json
from typing import Any, Literal

from pydantic import Field, JsonValue

from chassis.faults import InvalidArgument, Unsupported
from gateway.apis.given import Given
from protos.parley.v1 import llm_pb2 as pb

MAX_MESSAGES = 2000


class Function(Given):
    name: str = Field(min_length=1, max_length=64)
    description: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)


class ToolSpec(Given):
    type: Literal["function"]
    function: Function


class CalledFunction(Given):
    name: str
    arguments: str = "{}"


class CalledTool(Given):
    id: str
    type: Literal["function"] = "function"
    function: CalledFunction


class Part(Given):
    """A part of a message's content: `text`, or under type refusal what an assistant said as `refusal`."""

    type: Literal["text", "refusal"]
    text: str = ""
    refusal: str = ""


class ChatMessage(Given):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[Part] | None = None
    tool_calls: list[CalledTool] = Field(default_factory=list)
    tool_call_id: str = ""

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text or part.refusal for part in self.content)
        return self.content or ""


class SchemaFormat(Given):
    name: str = ""
    schema_: dict[str, JsonValue] = Field(alias="schema")


class ResponseFormat(Given):
    type: Literal["text", "json_object", "json_schema"]
    json_schema: SchemaFormat | None = None


class NamedFunction(Given):
    name: str


class NamedTool(Given):
    type: Literal["function"]
    function: NamedFunction


class StreamOptions(Given):
    include_usage: bool = False


class ChatRequest(Given):
    model: str
    messages: list[ChatMessage] = Field(min_length=1, max_length=MAX_MESSAGES)
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)
    min_tokens: int | None = Field(None, ge=0)
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, gt=0, le=1)
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    seed: int | None = None
    stop: str | list[str] | None = None
    tools: list[ToolSpec] = Field(default_factory=list)
    tool_choice: Literal["auto", "none", "required"] | NamedTool = "auto"
    response_format: ResponseFormat | None = None
    n: int | None = None
    logprobs: bool | None = None
    logit_bias: dict[str, float] | None = None

    def check(self) -> None:
        """Raises Unsupported for what no engine here does, InvalidArgument for what cannot be done."""
        if self.n not in (None, 1):
            raise Unsupported("n must be 1: one answer a request")
        if self.logprobs:
            raise Unsupported("logprobs are not available")
        if self.logit_bias:
            raise Unsupported("logit_bias is not available")
        if self.tool_choice == "required" and not self.tools:
            raise InvalidArgument("tool_choice may be required only where there are tools; give tools")


_ROLES = {
    "system": pb.ROLE_SYSTEM,
    "developer": pb.ROLE_SYSTEM,
    "user": pb.ROLE_USER,
    "assistant": pb.ROLE_ASSISTANT,
    "tool": pb.ROLE_TOOL,
}


def to_prompt(request: ChatRequest) -> pb.Prompt:
    """The service's prompt. Raises Unsupported or InvalidArgument."""
    request.check()
    choice = request.tool_choice
    return pb.Prompt(
        messages=[_message(message) for message in request.messages],
        sampling=_sampling(request),
        tools=[
            pb.Tool(
                name=tool.function.name,
                description=tool.function.description,
                parameters=json.dumps(tool.function.parameters),
            )
            for tool in request.tools
        ],
        tool_choice=choice if isinstance(choice, str) else choice.function.name,
        json_schema=_schema(request.response_format),
    )


def _message(message: ChatMessage) -> pb.ChatMessage:
    calls = [
        pb.ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments)
        for call in message.tool_calls
    ]
    return pb.ChatMessage(
        role=_ROLES[message.role],
        content=message.text,
        tool_calls=calls,
        tool_call_id=message.tool_call_id,
    )


def _sampling(request: ChatRequest) -> pb.Sampling:
    given: dict[str, Any] = {
        "max_tokens": None if request.max_completion_tokens else request.max_tokens,
        "max_completion_tokens": request.max_completion_tokens,
        "min_tokens": request.min_tokens,
        "temperature": request.temperature,
        "top_p": request.top_p,
        "top_k": request.top_k,
        "min_p": request.min_p,
        "repetition_penalty": request.repetition_penalty,
        "presence_penalty": request.presence_penalty,
        "frequency_penalty": request.frequency_penalty,
        "seed": request.seed,
        "stop": [request.stop] if isinstance(request.stop, str) else request.stop,
    }
    try:
        return pb.Sampling(**{name: value for name, value in given.items() if value is not None})
    except ValueError as error:
        raise InvalidArgument(f"a sampling parameter is out of range: {error}") from None


def _schema(response_format: ResponseFormat | None) -> str:
    if response_format is None or response_format.type == "text":
        return ""
    if response_format.type == "json_object":
        return json.dumps({"type": "object"})
    if response_format.json_schema is None:
        raise InvalidArgument("response_format.json_schema is missing")
    return json.dumps(response_format.json_schema.schema_)
