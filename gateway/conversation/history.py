"""What was said and what was heard."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MAX_UTTERANCES = 1000


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str


class History:
    """Messages of the latest turns for the prompt, and every utterance of the user for the analysis.

    The oldest messages go where there are more than `prompt_turns` turns or `prompt_bytes` of UTF-8.
    """

    def __init__(self, prompt_turns: int, prompt_bytes: int) -> None:
        self._messages: deque[ChatMessage] = deque()
        self._most, self._most_bytes = prompt_turns * 2, prompt_bytes
        self._bytes = 0
        self._utterances: deque[str] = deque(maxlen=MAX_UTTERANCES)

    def add_user(self, text: str) -> None:
        self._add(ChatMessage("user", text))
        self._utterances.append(text)

    def add_reply(self, heard: str) -> None:
        """Only what was heard: the model must not believe it said more."""
        if heard:
            self._add(ChatMessage("assistant", heard))

    def go_on_from(self, earlier: Sequence[tuple[str, str]]) -> None:
        """What was said and heard in the conversation that this one continues, oldest first; no analysis
        counts it.
        """
        for said, heard in earlier:
            if said:
                self._add(ChatMessage("user", said))
            self.add_reply(heard)

    def _add(self, message: ChatMessage) -> None:
        """The newest message stays, whatever its size; an answer goes with its question."""
        self._messages.append(message)
        self._bytes += _size(message)
        while len(self._messages) > 1 and (self._is_full or self._messages[0].role == "assistant"):
            self._bytes -= _size(self._messages.popleft())

    @property
    def _is_full(self) -> bool:
        return len(self._messages) > self._most or self._bytes > self._most_bytes

    def prompt(self, system: str) -> tuple[ChatMessage, ...]:
        return (ChatMessage("system", system), *self._messages)

    @property
    def utterances(self) -> tuple[str, ...]:
        return tuple(self._utterances)


def _size(message: ChatMessage) -> int:
    return len(message.content.encode(errors="replace"))
