"""From a prompt to the tokens that a model is given, within its window, and what it may write then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Prompt, Tool
from llm_service.text.history import find_cut, turn_starts, without
from llm_service.text.reply_reader import Kind, ReplyReader
from llm_service.text.tool_calls import call_schema

PLAIN = (Message("user", "Hello"),)
SHARES = (1.0, 0.75, 0.5, 0.25)
"""Of the room for messages: the next one is tried where they have more tokens than they were taken for."""


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

    def size(self, message: Message) -> int:
        """How many of those tokens are this message's: rather more than fewer, and the same each time."""
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
    rendered = _fit(template, prompt, window - min(asked, window // 2))
    forced = forced_tools(prompt)
    return Task(
        rendered.tokens,
        min(asked, window - len(rendered.tokens)),
        call_schema(forced) if forced else prompt.json_schema,
        ReplyReader(kind, rendered.thinking),
    )


def _fit(template: Template, prompt: Prompt, limit: int) -> Rendered:
    """Raises InvalidArgument where the instructions and the last turn alone are over `limit` tokens."""
    length = tried = -1
    for start in _cuts(template, prompt, limit):
        if start > tried:
            rendered, tried = template.render(without(prompt.messages, start), prompt), start
            if (length := len(rendered.tokens)) <= limit:
                return rendered
    raise InvalidArgument(
        f"the prompt is {length} tokens long and may be {limit}: its instructions and its last turn alone"
        " do not fit; shorten them or ask for fewer max_tokens"
    )


def _cuts(template: Template, prompt: Prompt, limit: int) -> Iterator[int]:
    """Where the history may be cut, best first; the last one leaves the last turn alone."""
    messages = prompt.messages
    if sum(len(message.content) for message in messages) <= limit:
        yield 0  # a token has more than a character, nearly always
    sizes = [template.size(message) for message in messages]
    around = len(template.render(PLAIN, prompt).tokens) - template.size(PLAIN[0])
    for share in SHARES:
        yield find_cut(messages, sizes, int((limit - around) * share))
    yield turn_starts(messages)[-1]


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
