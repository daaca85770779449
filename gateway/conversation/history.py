"""What was said and what was heard."""

from collections import deque
from dataclasses import dataclass
from typing import Literal

MAX_UTTERANCES = 1000


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str


class History:
    """Messages of the latest turns for the prompt, and every utterance of the user for the analysis."""

    def __init__(self, prompt_turns: int) -> None:
        self._messages: deque[ChatMessage] = deque(maxlen=prompt_turns * 2)
        self._utterances: deque[str] = deque(maxlen=MAX_UTTERANCES)

    def add_user(self, text: str) -> None:
        self._messages.append(ChatMessage("user", text))
        self._utterances.append(text)

    def add_reply(self, heard: str) -> None:
        """Only what was heard: the model must not believe it said more."""
        if heard:
            self._messages.append(ChatMessage("assistant", heard))

    def prompt(self, system: str) -> tuple[ChatMessage, ...]:
        return (ChatMessage("system", system), *self._messages)

    @property
    def utterances(self) -> tuple[str, ...]:
        return tuple(self._utterances)
