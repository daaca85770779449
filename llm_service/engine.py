"""The one interface of language-model engines."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from chassis.engines import Engine

Role = Literal["system", "user", "assistant", "tool"]
Level = Literal["beginner", "intermediate", "advanced"]


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """None means the engine's default."""

    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None


@dataclass(frozen=True, slots=True)
class Prompt:
    """A conversation to answer; the last message is the user's. `turn` names the reply."""

    turn: int
    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    level: Level = "intermediate"
    language: str = "en"


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


LlmOutput = Delta | Thinking | Finished


class LlmEngine(Engine, Protocol):
    def chat(self, prompt: Prompt) -> AsyncGenerator[LlmOutput, None]:
        """Answer token by token; ends with one Finished. Closing the generator frees everything at once."""
        ...
