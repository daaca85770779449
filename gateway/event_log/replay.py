"""An event log decided again: what its conversation was told, and what it commanded."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from gateway.conversation.conversation import Command, Conversation
from gateway.conversation.floor import Phase
from gateway.event_log.lines import MARK, BadLog, Deadline, End, Entry, Head, read_entry, read_head

MOST_BYTES = 32 * 1024 * 1024
"""Of a line: what is longer is none of ours."""


@dataclass(frozen=True, slots=True)
class Step:
    """`phase` and `turn` are those in which it happened, before the commands."""

    entry: Entry
    phase: Phase
    turn: int
    commands: tuple[Command, ...]


class Replay:
    """Of the log in a file that was opened to read bytes. Raises BadLog, as `steps` does.

    `end`: why the log ends, known after the last step; None: nothing says so. `is_cut`: its last line is not
    whole, as when the gateway died while it wrote.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.head: Head = read_head(self._first())
        self.conversation = Conversation(self.head.agents, self.head.limits)
        self.conversation.go_on_from(self.head.earlier)
        self.end: End | None = None
        self.is_cut = False

    def steps(self) -> Iterator[Step]:
        for number, line in enumerate(iter(self._next, b""), start=2):
            try:
                entry = read_entry(line, self.head.version)
            except BadLog as reason:
                if line.endswith(b"\n"):
                    raise BadLog(f"line {number}: {reason}") from None
                self.is_cut = True
                return
            if isinstance(entry, End):
                self.end = entry
                return
            yield self._decide(entry)

    def _decide(self, entry: Entry) -> Step:
        conversation = self.conversation
        phase, turn = conversation.phase, conversation.turn
        if isinstance(entry, Deadline):
            commands = conversation.on_deadline(entry.at)
        else:
            commands = conversation.receive(entry)
        return Step(entry, phase, turn, tuple(commands))

    def _first(self) -> bytes:
        line = self._next()
        if not line:
            raise BadLog("it is empty: nothing was written yet, or it is no event log")
        if line.startswith(b'{"' + MARK.encode()) and not line.endswith(b"\n"):
            raise BadLog("it is cut off in its first line: nothing that was said is in it")
        return line

    def _next(self) -> bytes:
        """The next line; empty: there is none."""
        return self._file.readline(MOST_BYTES)
