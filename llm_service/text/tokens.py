"""From text to tokens, each text once: of a conversation's next turn only the last messages are new.

A tokenizer never joins what stands on both sides of one of its marks (`<|im_end|>` and the like). So a
rendered conversation is read piece by piece between marks, and pieces are remembered.
"""

import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from llm_service.engine import Message

Encode = Callable[[str], Sequence[int]]
MOST_CHARS = 4_000_000
"""Of all texts that are remembered: some thousand messages. They are forgotten with the model."""
LONGEST_CHARS = 20_000
"""Of one: what is longer is read anew each time."""
ENTRY_CHARS = 200
"""What remembering a text costs besides its characters, about."""
MARKS_TRIED = 64
AROUND_CALL = 40
"""Tokens that a chat template writes around a call, about: names, quotes and tags."""


class TokenMemory:
    """Remembers the texts that were read last. Threads may share it."""

    def __init__(self, encode: Encode, most_chars: int = MOST_CHARS) -> None:
        self._encode, self._most = encode, most_chars
        self._kept: OrderedDict[str, array[int]] = OrderedDict()
        self._chars = 0
        self._lock = threading.Lock()

    @property
    def chars(self) -> int:
        """What is remembered now, in characters."""
        return self._chars

    def encode(self, text: str) -> "array[int]":
        """To be read, not changed."""
        with self._lock:
            if (found := self._kept.get(text)) is not None:
                self._kept.move_to_end(text)
                return found
        tokens = array("I", self._encode(text))
        if len(text) <= LONGEST_CHARS:
            with self._lock:
                self._keep(text, tokens)
        return tokens

    def find(self, text: str) -> "array[int] | None":
        """What `encode` would give, where that is remembered."""
        return self._kept.get(text)

    def _keep(self, text: str, tokens: "array[int]") -> None:
        if text not in self._kept:
            self._kept[text] = tokens
            self._chars += len(text) + ENTRY_CHARS
        while self._chars > self._most:
            oldest, _ = self._kept.popitem(last=False)
            self._chars -= len(oldest) + ENTRY_CHARS


class Sizes:
    """How many tokens of a rendered conversation are a message's, about: rather more than fewer.

    `count` renders messages and counts; asked twice, at the first message.
    """

    def __init__(self, memory: TokenMemory, count: Callable[[Sequence[Message]], int]) -> None:
        self._memory, self._count = memory, count
        self._around = 0

    def of(self, message: Message) -> int:
        self._around = self._around or self._measure()
        calls = (len(self._memory.encode(call.name + call.arguments)) for call in message.tool_calls)
        said = len(self._memory.encode(message.content))
        return self._around + said + sum(call + AROUND_CALL for call in calls)

    def _measure(self) -> int:
        """What the template writes around a message: its role and marks, and one for a blank read apart."""
        hello = Message("user", "Hello")
        more = self._count((hello, Message("assistant", "Hello"), hello)) - self._count((hello,))
        return -(-more // 2) - len(self._memory.encode("Hello")) + 1


class Pieces:
    """The tokens of rendered conversations, as `tokenizer`, one of transformers', gives them for the whole.

    `piecewise`: whether they are read so; not where this tokenizer was found to join pieces after all.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._read: Encode = lambda text: tokenizer.encode(text, add_special_tokens=False)
        self.memory = TokenMemory(self._read)
        marks = {str(added.content) for added in tokenizer.added_tokens_decoder.values()} - {""}
        longest_first = sorted(marks, key=lambda mark: (-len(mark), mark))
        self._marks = re.compile(f"({'|'.join(map(re.escape, longest_first))})")
        self.piecewise = bool(marks) and all(map(self._agrees, longest_first[:MARKS_TRIED]))

    def encode(self, text: str) -> list[int]:
        return self._piece_by_piece(text) if self.piecewise else list(self._read(text))

    def begins_with_mark(self, text: str) -> bool:
        """Whether no token can reach from what stands before it into it."""
        return self._marks.match(text) is not None

    def _piece_by_piece(self, text: str) -> list[int]:
        tokens: list[int] = []
        for piece in self._marks.split(text):
            if piece:
                tokens.extend(self.memory.encode(piece))
        return tokens

    def _agrees(self, mark: str) -> bool:
        sample = (
            f"{mark}user\nHow are you? {mark} \n{mark}{mark}Fine,\n\nthanks: 12.5%{mark}\n¿Qué? नमस्ते 你好"
        )
        return self._piece_by_piece(sample) == list(self._read(sample))
