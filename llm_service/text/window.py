"""From a prompt to the tokens that a model is given, within its window, and what it may write then."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Prompt, Tool
from llm_service.text.history import fit
from llm_service.text.reply_reader import Kind, ReplyReader
from llm_service.text.tool_calls import call_schema


@dataclass(frozen=True, slots=True)
class Rendered:
    """`thinking`: the template has opened a block of reasoning."""

    tokens: list[int]
    thinking: bool


class Template(Protocol):
    """A model's own way of writing a conversation down."""

    def render(self, messages: Sequence[Message], prompt: Prompt) -> Rendered:
        """The messages as tokens, ready for the reply. Raises InvalidArgument where the template refuses."""
        ...


@dataclass(frozen=True, slots=True)
class Task:
    """What a model has to do: read `tokens`, write at most `max_tokens`, obey `schema` where there is one."""

    tokens: list[int]
    max_tokens: int
    schema: str
    reader: ReplyReader


def make_task(template: Template, prompt: Prompt, window: int, max_tokens: int) -> Task:
    """Fit the history into the window, leaving room for the reply, up to half of it. Takes milliseconds.

    `max_tokens` is for a prompt that says nothing. Raises InvalidArgument for what cannot be fitted or
    wants two things at once.
    """
    kind = reply_kind(prompt)
    asked = prompt.sampling.max_tokens or max_tokens
    tried: dict[int, Rendered] = {}  # by the number of messages kept

    def count(messages: Sequence[Message]) -> int:
        tried[len(messages)] = template.render(messages, prompt)
        return len(tried[len(messages)].tokens)

    rendered = tried[len(fit(prompt.messages, window - min(asked, window // 2), count))]
    forced = forced_tools(prompt)
    return Task(
        rendered.tokens,
        min(asked, window - len(rendered.tokens)),
        call_schema(forced) if forced else prompt.json_schema,
        ReplyReader(kind, rendered.thinking),
    )


def reply_kind(prompt: Prompt) -> Kind:
    """Raises InvalidArgument for a prompt that wants two things at once."""
    if forced_tools(prompt) and prompt.json_schema:
        raise InvalidArgument("json_schema and a tool_choice that forces a call exclude each other")
    if constrained(prompt):
        return "json" if prompt.json_schema else "call"
    return "tools" if offered_tools(prompt) else "talk"


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
