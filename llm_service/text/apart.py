"""A conversation as the sum of its messages: each is written down and turned into tokens once, alone.

Most chat templates write what somebody said the same wherever it stands, and begin it with a mark, which no
tokenizer joins with what stands before it. Then a conversation's tokens are those of its beginning (the
instructions and tools), of each message and of its end (the reply's beginning), and of the next turn only
two messages are new. Whether a template is so is found out by asking it: once for itself, and once for each
beginning. Where it is not, where a message holds anything that a template might look for, and in all that
has to do with calls, the whole is written, as it always can be.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Role, Tool
from llm_service.text.tokens import MOST_CHARS, Pieces, TokenMemory

HELLO, ANSWER = Message("user", "Hello"), Message("assistant", "Hi, you")
SPECIAL = ("<", "/think", "/no_think", "/nothink")
"""What templates look for in words: tags of reasoning, of calls, of marks; switches of thinking."""
BEGINNINGS = 32
"""Agents whose instructions are remembered as tokens."""
_GREETED = (
    ANSWER,
    HELLO,
    HELLO,
    Message("assistant", " \n"),
    ANSWER,
    Message("user", "So?\n"),
    ANSWER,
    HELLO,
)
SAMPLES = ((HELLO,), _GREETED, (HELLO, *_GREETED))
"""As conversations go: the agent may greet, and a reply may not have been heard."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a template is told besides the messages."""

    tools: tuple[Tool, ...] = ()
    thinking: bool | None = None


class Write(Protocol):
    """The template's text of messages; `ready`: for the reply. Raises InvalidArgument where it refuses."""

    def __call__(self, messages: Sequence[Message], options: Options, ready: bool) -> str: ...


@dataclass(frozen=True, slots=True)
class Around:
    """The tokens before what was said, and the text after it."""

    before: Sequence[int]
    after: str


class Apart:
    """`separable`: whether this template writes messages so."""

    def __init__(self, write: Write, pieces: Pieces, reads_clock: bool) -> None:
        self._write, self._pieces = write, pieces
        self._contexts: Mapping[str, tuple[str, str]] = {}
        self._memories: dict[Role, TokenMemory] = {
            "user": TokenMemory(lambda content: self._read("user", content), MOST_CHARS // 2),
            "assistant": TokenMemory(lambda content: self._read("assistant", content), MOST_CHARS // 2),
        }
        self._beginnings: dict[tuple[tuple[str, ...], Options], Around | None] = {}
        if pieces.piecewise and not reads_clock:
            self._contexts = self._learn()
        self.separable = bool(self._contexts) and self._around((), Options()) is not None

    def tokens_of(self, message: Message) -> Sequence[int]:
        """Of what somebody said; none where it is not written apart."""
        memory = self._memories.get(message.role)
        if memory is None or message.tool_calls or not self.separable:
            return ()
        return memory.encode(message.content)

    def join(self, messages: Sequence[Message], options: Options) -> tuple[list[int], str] | None:
        """The tokens up to the reply's beginning, and the text of that; None: the whole has to be written."""
        if not self.separable or messages[-1].role != "user":
            return None
        told = _told(messages)
        around = self._around(told, options)
        if around is None:
            return None
        tokens = [*around.before]
        for message in messages[len(told) :]:
            if not (piece := self.tokens_of(message)):
                return None
            tokens.extend(piece)
        return tokens, around.after

    def remembers(self, messages: Sequence[Message], options: Options, most_chars: int) -> bool:
        """Whether `join` would do, and would have to read at most so many characters anew."""
        told = _told(messages)
        if not self.separable or messages[-1].role != "user" or not self._beginnings.get((told, options)):
            return False
        for message in messages[len(told) :]:
            memory = self._memories.get(message.role)
            if memory is None or message.tool_calls:
                return False
            piece = memory.find(message.content)
            if piece is None:
                most_chars -= len(message.content)
            elif not piece:
                return False
        return most_chars >= 0

    def _around(self, told: tuple[str, ...], options: Options) -> Around | None:
        try:
            return self._beginnings[told, options]
        except KeyError:
            around = self._look_around(told, options)
        if len(self._beginnings) >= BEGINNINGS:
            self._beginnings.clear()
        self._beginnings[told, options] = around
        return around

    def _learn(self) -> dict[str, tuple[str, str]]:
        """What stands before and after a message of each role among the messages that it is asked in."""
        try:
            plain = self._write((HELLO,), Options(), ready=False)
            ready = self._write((HELLO,), Options(), ready=True)
            answered = self._write((HELLO, ANSWER), Options(), ready=False)
            again = self._write((HELLO, ANSWER, HELLO), Options(), ready=False)
        except InvalidArgument:
            return {}
        hello, end = again[len(answered) :], ready[len(plain) :]
        follows = answered.startswith(plain) and again.startswith(answered) and ready.startswith(plain)
        return {"user": (answered, end), "assistant": (plain, hello + end)} if follows else {}

    def _read(self, role: Role, content: str) -> list[int]:
        piece = self._piece(Message(role, content))
        return self._pieces.encode(piece) if piece else []

    def _piece(self, message: Message) -> str:
        """Its text, among two others; empty where that cannot be told."""
        if any(sign in message.content for sign in SPECIAL):
            return ""
        others = (HELLO, ANSWER, message) if message.role == "user" else (HELLO, message, HELLO)
        try:
            text = self._write(others, Options(), ready=True)
        except InvalidArgument:
            return ""
        before, after = self._contexts[message.role]
        piece = text[len(before) : len(text) - len(after)]
        fits = text == before + piece + after and self._pieces.begins_with_mark(piece)
        return piece if fits else ""

    def _look_around(self, told: tuple[str, ...], options: Options) -> Around | None:
        """With these instructions. None: what is said would not be written the same between them."""
        instructions = tuple(Message("system", content) for content in told)
        try:
            plain = self._write((*instructions, HELLO), options, ready=False)
            ready = self._write((*instructions, HELLO), options, ready=True)
            before, after = plain.removesuffix(self._piece(HELLO)), ready[len(plain) :]
            agree = self._pieces.begins_with_mark(after) and all(
                self._write((*instructions, *said), options, ready=True)
                == before + "".join(map(self._piece, said)) + after
                for said in SAMPLES
            )
        except InvalidArgument:
            return None
        return Around(self._pieces.encode(before), after) if agree else None


def _told(messages: Sequence[Message]) -> tuple[str, ...]:
    """The instructions that they begin with."""
    return tuple(message.content for message in takewhile(lambda some: some.role == "system", messages))
