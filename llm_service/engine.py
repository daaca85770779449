"""The one interface of language-model engines."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, fields
from typing import Any, Literal, Protocol

from engine_room.engines import Engine

Role = Literal["system", "user", "assistant", "tool"]
Level = Literal["beginner", "intermediate", "advanced"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A function that the model asks for. `arguments` is a JSON object."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """`tool_calls` of an assistant's message; `tool_call_id` of a tool's: which call it answers."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that the model may ask for. `parameters` is a JSON schema."""

    name: str
    description: str = ""
    parameters: str = "{}"


@dataclass(frozen=True, slots=True)
class Sampling:
    """None means the engine's default."""

    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    """The same under its newer name, where an engine has the two; reasoning counts too."""
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    min_tokens: int | None = None
    seed: int | None = None
    stop: tuple[str, ...] | None = None
    do_sample: bool | None = None
    typical_p: float | None = None
    epsilon_cutoff: float | None = None
    eta_cutoff: float | None = None
    diversity_penalty: float | None = None
    encoder_repetition_penalty: float | None = None
    no_repeat_ngram_size: int | None = None
    num_beams: int | None = None
    num_beam_groups: int | None = None
    length_penalty: float | None = None
    early_stopping: bool | None = None

    def given(self) -> dict[str, Any]:
        """What was asked for, by name."""
        named = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in named if value is not None}


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation to answer; the last message is the user's or a tool's. `turn` names the reply."""

    turn: int
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    level: Level = "intermediate"
    language: str = "en"
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    """auto, none, required, or the name of one tool."""
    json_schema: str = ""
    """The reply must satisfy this JSON schema; empty: free text."""
    thinking: bool | None = None
    """Whether the model may reason first; None: its own way."""
    background: bool = False
    """Nobody waits to hear it: where an engine has an order, all others come first."""


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of spoken text. Pieces joined give the reply, spaces included."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A piece of the model's reasoning: never spoken."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The last output of a reply."""

    reason: Literal["stop", "length", "tool_calls"] = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0


LlmOutput = Delta | Thinking | ToolCall | Finished


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a prompt may ask of an engine besides words. `sampling` names fields of Sampling.

    What its model can be trusted with: `agents`, to speak for any agent by its prompt; `guardrails`, to keep
    to what a prompt forbids; `children`, to be a child's companion. An operator who chooses a model answers
    for that; an engine with a model of its own says what is so.
    """

    sampling: frozenset[str] = frozenset({"max_tokens"})
    tools: bool = False
    json_schema: bool = False
    agents: bool = True
    guardrails: bool = True
    children: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """All of them, for the status."""
        others = {
            "tools": self.tools,
            "json_schema": self.json_schema,
            "agents": self.agents,
            "guardrails": self.guardrails,
            "children": self.children,
        }
        return (*sorted(self.sampling), *(name for name, can in others.items() if can))


class LlmEngine(Engine, Protocol):
    @property
    def abilities(self) -> Abilities: ...

    def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        """Answer token by token; ends with one Finished. Closing the generator frees everything at once.

        Raises InvalidArgument for a prompt that it cannot take (too long), NotReady when not loaded.
        """
        ...
