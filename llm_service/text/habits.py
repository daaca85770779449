"""What a chat template refuses in the order of messages, and a conversation put so that it is taken.

Some (Mistral's, Gemma's) take no two messages of the user's in a row, which there are where a reply was not
heard; some take no instructions.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from chassis.faults import InvalidArgument
from llm_service.engine import Message, Prompt

_INSTRUCTIONS, _HELLO = Message("system", "Be kind."), Message("user", "Hello")


@dataclass(frozen=True, slots=True)
class Habits:
    """`merges`: neighbours of one role are one message. `folds`: instructions are the user's words, too."""

    merges: bool = False
    folds: bool = False

    def put(self, messages: Sequence[Message]) -> tuple[Message, ...]:
        """The messages as the template takes them; a beginning that stays the same is put the same."""
        if self.folds:
            messages = [
                replace(message, role="user") if message.role == "system" else message for message in messages
            ]
        return _merged(messages) if self.merges or self.folds else tuple(messages)


def learn(takes: Callable[[Sequence[Message]], bool]) -> Habits:
    """`takes`: whether the template takes these messages."""
    if not takes((_HELLO,)):
        return Habits()  # whatever it wants, it is nothing of this
    return Habits(merges=not takes((_HELLO, _HELLO)), folds=not takes((_INSTRUCTIONS, _HELLO)))


def taken_by(render: Callable[[Sequence[Message], Prompt], object]) -> Callable[[Sequence[Message]], bool]:
    """`takes`, of a template that raises InvalidArgument for messages that it refuses."""

    def takes(messages: Sequence[Message]) -> bool:
        try:
            render(messages, Prompt(0, tuple(messages)))
        except InvalidArgument:
            return False
        return True

    return takes


def _merged(messages: Sequence[Message]) -> tuple[Message, ...]:
    kept: list[Message] = []
    for message in messages:
        if kept and _are_one(kept[-1], message):
            kept[-1] = replace(kept[-1], content=f"{kept[-1].content}\n{message.content}")
        else:
            kept.append(message)
    return tuple(kept)


def _are_one(before: Message, after: Message) -> bool:
    plain = not before.tool_calls and not after.tool_calls
    return plain and before.role == after.role and after.role in ("user", "assistant")
