"""What a user gets when a service is killed, or says nothing any more, at each phase; and how soon.

In a cell: what the user was given, and the seconds within which the floor was theirs again and all that had
gone wrong was told. `reply`: the whole of it. `written`: the whole of it, but not all as sound. `half`: what
had come of it. `apology`: for an answer; `deaf`: for what was not heard. The bounds are the sums of the
conversation's limits and of what is spoken: 3 s for a first text; 2 s for sound; 3 s for a final; 15 s
for an analysis. A recogniser that lives and says nothing in the middle of a sentence is waited for as
long as somebody may speak, 60 s: one whose process stands still is lost much sooner, by its link.

Nothing is remembered on the way of sound: what a session keeps goes through a queue that waits for nobody,
so the store has no column.
"""

from collections.abc import Iterator

import pytest

from tests.support.mutants import mutated
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.broken import PHASES, break_at

TABLE = """
phase         | stt killed | stt stalls | llm killed | llm stalls | tts killed | tts stalls
listening     | reply 2    | reply 2    | apology 5  | apology 8  | written 2  | written 4
speaking up   | deaf 5     | deaf 67    | apology 4  | apology 7  | written 1  | written 3
understanding | deaf 5     | deaf 8     | apology 4  | apology 7  | written 1  | written 3
thinking      | reply 4    | reply 4    | apology 4  | apology 7  | written 1  | written 3
speaking      | reply 3    | reply 3    | half 1     | half 5     | written 1  | written 3
held          | deaf 5     | deaf 70    | apology 4  | apology 7  | written 1  | written 3
settling      | reply 2    | reply 2    | apology 5  | apology 8  | written 2  | written 4

phase         | analysis killed | analysis stalls
listening     | reply 3         | reply 17
speaking up   | reply 2         | reply 17
understanding | reply 2         | reply 17
thinking      | reply 4         | reply 19
speaking      | reply 3         | reply 18
held          | reply 2         | reply 17
settling      | reply 3         | reply 17
"""
UNNOTICED = {("stt", "stalls", phase) for phase in ("listening", "thinking", "speaking", "settling")}
"""Nobody was waiting for it."""
Cell = tuple[str, str, str, str, float]


def cells() -> Iterator[Cell]:
    """Phase, service, what befalls it; what the user gets, in how many seconds."""
    for table in TABLE.strip().split("\n\n"):
        head, *rows = ([cell.strip() for cell in line.split("|")] for line in table.splitlines())
        for phase, *row in rows:
            for column, cell in zip(head[1:], row, strict=True):
                service, how = column.split()
                got, within_s = cell.split()
                yield phase, service, how, got, float(within_s)


CELLS = list(cells())


def check(cell: Cell) -> None:
    phase, service, how, got, within_s = cell
    ended = run_virtual(break_at(phase, service, how))
    assert ended.got == got
    assert ended.in_s <= within_s
    assert {code.partition("_")[0] for code in ended.errors} <= {service}, "another was blamed"
    assert bool(ended.errors) != ((service, how, phase) in UNNOTICED), "told, or not told, of a loss"


def test_every_phase_has_a_row_and_every_service_its_columns() -> None:
    services = ("stt", "llm", "tts", "analysis")
    assert {cell[:3] for cell in CELLS} == {
        (phase, service, how) for phase in PHASES for service in services for how in ("killed", "stalls")
    }


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: " ".join(cell[:3]))
def test_it_ends_as_promised(cell: Cell) -> None:
    check(cell)


FAULTS = {
    "thinking has no deadline": (
        "gateway.conversation.answering",
        "        state.deadline = at + self._limits.first_text_s",
        "        state.deadline = at + 1e9",
    ),
    "a missing final is waited for ever": (
        "gateway.conversation.conversation",
        "            self._conclude_deaf(now)",
        "            self.state.deadline = now + 5",
    ),
    "speech that never ends is waited for ever": (
        "gateway.conversation.answering",
        "            self._settling.silence(reply)\n            self._complete(now, reply)",
        "            self._state.deadline = now + 5",
    ),
    "a voice over a reply that is not understood holds it": (
        "gateway.conversation.holding",
        "if self._held.hearing.open:\n            self.give",
        "if False:\n            self.give",
    ),
    "an ear that is lost is nobody's fault": (
        "gateway.conversation.answering",
        "        self._say_apology(at, reply, HEARING_APOLOGY)\n",
        "        self._say_apology(at, reply, APOLOGY)\n",
    ),
    "an analysis has no deadline": (
        "gateway.conversation.conversation",
        "self.limits.analysis_s",
        "1e9",
    ),
}


def check_all() -> None:
    for cell in CELLS:
        check(cell)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_service_that_is_waited_for_too_long_is_noticed(fault: str) -> None:
    with mutated(*FAULTS[fault]), pytest.raises((AssertionError, ExceptionGroup)):
        check_all()
