"""What may leave a session, in which order, whatever has happened."""

from dataclasses import dataclass, field
from typing import Any

from gateway.conversation.effects import CloseReason
from gateway.dialects.dialect import CLOSE_CODES
from tests.unit.gateway.session.staged import Stage
from tests.unit.gateway.session.standins import Sent


@dataclass
class WireBook:
    """Reads what has left. Raises AssertionError at the first thing that must not have."""

    highest: int = 0
    sounding: bool = False
    held: bool = False
    completed: list[int] = field(default_factory=list)
    flushed: set[int] = field(default_factory=set)
    completions: int = 0
    sounded: set[int] = field(default_factory=set)
    text: str = ""
    """Of the reply that is being written."""

    def read(self, sent: list[Sent]) -> "WireBook":
        for one in sent:
            if isinstance(one.message, bytes):
                assert not self.held, f"sound left at {one.at:g} s of a turn that was held"
                assert self.sounding, f"sound left at {one.at:g} s of a turn that was flushed or complete"
            else:
                fields = one.fields
                self._read(str(fields["type"]), int(fields.get("turn", 0)))
                if fields["type"] == "ai_text":
                    self._read_text(fields)
                elif fields["type"] == "reply_withdrawn":
                    self.text = ""
        return self

    def _read_text(self, fields: dict[str, Any]) -> None:
        if fields["is_complete"]:
            assert fields["full_text"] == self.text, "the pieces of a text are not the whole"
            self.text = ""
        else:
            self.text += fields["text"]

    def _read(self, kind: str, turn: int) -> None:
        if turn:
            assert turn >= self.highest, f"{kind} of turn {turn} after turn {self.highest}"
            self.highest = turn
        match kind:
            case "ai_audio_start":
                assert not turn or turn not in self.flushed, "a turn that was flushed began to sound"
                assert not turn or turn not in self.completed, "a turn that was complete began to sound"
                assert not turn or turn not in self.sounded, "a turn began to sound twice"
                self.sounded.add(turn)
                self.sounding = True
            case "ai_audio_end":
                self.sounding = False
            case "hold":
                assert not self.held, "it was held twice"
                assert turn in self.sounded, "a turn that makes no sound was held"
                self.held = True
            case "resume":
                assert self.held, "what goes on was not held"
                self.held = False
            case "flush":
                self.flushed.add(turn)
                self.sounding = self.held = False
            case "turn_complete":
                self.text = ""
                assert turn not in self.completed or not turn, f"turn {turn} was complete twice"
                self.completed.append(turn)
                self.completions += 1
                self.sounding = self.held = False
            case "ai_text" | "metrics":
                assert turn not in self.completed or not turn, f"{kind} of a turn that was complete"


def check_wire(stage: Stage) -> None:
    """At any moment: what has left, and what is remembered, go together.

    A turn whose reply was stopped is remembered once the client's last word on it has been waited for.
    """
    book = WireBook().read(stage.socket.sent)
    committed = [entry.turn for entry in stage.memory.turns]
    assert committed == sorted(set(committed)), "a turn was remembered twice, or out of order"
    settling = stage.session._conversation.state.settling
    unsettled = {settling.turn} if settling else set()
    completions = book.completions - told_as_complete(stage)
    assert completions <= len(committed) + len(unsettled), "a turn was complete that is not remembered"
    assert set(book.completed) - {0} <= set(committed) | unsettled


def told_as_complete(stage: Stage) -> int:
    """Replies that were withdrawn, on a wire that has no other word for it."""
    return 0 if stage.dialect.name == "parley" else stage.withdrawn


def check_last(stage: Stage) -> None:
    """After the end: each turn that was answered is complete, but for one that the end cut short. What was
    said at the end, be it over a reply, was not answered.
    """
    check_wire(stage)
    book = WireBook().read(stage.socket.sent)
    committed = [entry.turn for entry in stage.memory.turns]
    reads = not stage.socket.unsent
    unanswered = bool(committed) and not stage.memory.turns[-1].reply_text
    if reads:
        assert len(committed) - book.completions + told_as_complete(stage) in range(2 + unanswered), (
            "a turn has no turn_complete"
        )
    if reads and stage.dialect.name == "parley":
        cut = {book.highest, book.highest + unanswered}
        assert set(committed) - set(book.completed) <= cut, "a turn has no turn_complete"
        assert (book.sounded | book.flushed) - {0} <= set(committed), "a turn is not remembered"
    for closed in stage.socket.closed:
        assert closed in CLOSE_CODES.values()
        assert closed != CLOSE_CODES[CloseReason.INTERNAL]
