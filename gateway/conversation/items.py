"""The history: what was said, by whom, and what was heard of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

MAX_UTTERANCES = 1000
USER = "user"


@dataclass(frozen=True, slots=True)
class ChatMessage:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(slots=True)
class Item:
    """One message. `speaker`: USER or an agent's name.

    `text`: of an agent's, only what was heard, or the model would believe that it had said more. `heard_ms`:
    of its sound; None: there was none.
    """

    id: int
    speaker: str
    text: str
    heard_ms: int | None = None

    @property
    def size(self) -> int:
        """Bytes of UTF-8."""
        return len(self.text.encode(errors="replace"))


@dataclass(slots=True)
class Items:
    """The latest items, for prompts, and every utterance of the user, for the analysis.

    Where there are more than `most`, or more than `most_bytes` of UTF-8, the oldest go until half of that is
    left: a model reads all anew that stands behind a beginning that has changed, and would do so at each turn
    if one item went at a time. The newest with a word stays, whatever its size; an answer goes with its
    question, for some models take no prompt that begins with one.
    """

    most: int
    most_bytes: int
    kept: list[Item] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    last_id: int = 0

    @property
    def utterances(self) -> tuple[str, ...]:
        """The user's, oldest first."""
        return tuple(self.said)

    def add(self, speaker: str, text: str, heard_ms: int | None = None) -> int:
        """Its id. An item without a word is in no prompt."""
        self.last_id += 1
        self.kept.append(Item(self.last_id, speaker, text, heard_ms))
        self._forget()
        return self.last_id

    def add_said(self, text: str) -> int:
        """By the user, in this conversation."""
        self.said.append(text)
        del self.said[:-MAX_UTTERANCES]
        return self.add(USER, text)

    def take_back(self, item: int) -> None:
        """The newest, which the user has not finished; 0: none."""
        if item:
            self.kept.pop()
            self.said.pop()

    def truncate(self, item: int, text: str, heard_ms: int | None) -> None:
        """So much of it was heard; without a word it goes. One that is forgotten stays so."""
        self.kept = [kept for kept in self.kept if kept.id != item or text]
        for kept in self.kept:
            if kept.id == item:
                kept.text, kept.heard_ms = text, heard_ms
        self._forget()

    def go_on_from(self, earlier: Sequence[tuple[str, str]], agent: str) -> None:
        """What was said and heard in the conversation that this one continues, oldest first; no analysis
        counts it.
        """
        for said, heard in earlier:
            if said:
                self.add(USER, said)
            if heard:
                self.add(agent, heard)

    def prompt_for(self, agent: str, system: str) -> tuple[ChatMessage, ...]:
        """What this agent is asked: its own items are the assistant's, everybody else's the user's."""
        messages = [
            ChatMessage("assistant" if item.speaker == agent else "user", item.text)
            for item in self.kept
            if item.text
        ]
        return (ChatMessage("system", system), *messages)

    def _forget(self) -> None:
        count, size = sum(bool(item.text) for item in self.kept), sum(item.size for item in self.kept)
        most = self.most if count <= self.most else self.most // 2
        most_bytes = self.most_bytes if size <= self.most_bytes else self.most_bytes // 2
        while len(self.kept) > 1:
            oldest = self.kept[0]
            fits = count <= most and size <= most_bytes
            if oldest.speaker == USER and (fits or (oldest.text and count == 1)):
                return
            self.kept.pop(0)
            count, size = count - bool(oldest.text), size - oldest.size
