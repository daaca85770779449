"""What a caller would say of a call: its faults and figures, from the sound of both sides alone."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cli.rehearsal.line import AUDIBLE, FRAME, Line, Mark
from cli.rehearsal.player import Player, Reply
from cli.rehearsal.repeats import is_repeated
from cli.rehearsal.scenario import Expected
from protos.sound import HEARD_RATE

Samples = NDArray[np.int16]
KINDS = (
    "stopped",
    "missed",
    "slow_silence",
    "cut",
    "missing",
    "doubled",
    "slow_answer",
    "talked_over",
    "damaged",
    "broken",
)
"""stopped: a reply, by what was not meant to; missed: an interruption; cut: the caller, by an answer that
began before he had finished; missing, doubled: answers; damaged: a reply that sounded to its end, but not
every sample of it once; broken: the call.
"""
TOO_LATE = round(0.3 * HEARD_RATE)
"""A reply that ends within this of an interruption's beginning has ended by itself."""
GOES_ON = HEARD_RATE
"""So long after an interruption a reply that it has stopped is silent."""
OFF_MS = 2.0


@dataclass(frozen=True, eq=False)
class Call:
    """Both sides of it. `replies`: of each frame which sounded; `finished`: those that did to their end."""

    marks: tuple[Mark, ...]
    said: Samples
    heard: Samples
    replies: NDArray[np.int64]
    finished: Mapping[int, Reply] = field(default_factory=dict)
    broken: str = ""

    @classmethod
    def of(cls, line: Line, player: Player, broken: str = "") -> "Call":
        return cls(
            tuple(line.marks),
            np.frombuffer(bytes(line.said), "<i2"),
            np.frombuffer(bytes(line.heard), "<i2"),
            np.array(line.replies, np.int64),
            dict(player.finished),
            broken or line.stuck,
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """`kind`: of KINDS; `said`: to a person."""

    kind: str
    said: str


@dataclass(frozen=True)
class Verdict:
    """`latencies_ms`: from the end of what is said to the first sound of its answer; `silences_ms`: from the
    first sound of an interruption to the last of the reply; `talk_over_ms`: both spoke.
    """

    faults: tuple[Fault, ...] = ()
    latencies_ms: tuple[float, ...] = ()
    silences_ms: tuple[float, ...] = ()
    talk_over_ms: float = 0.0
    answers: int = 0

    def has(self, kind: str) -> bool:
        return any(fault.kind == kind for fault in self.faults)


@dataclass(frozen=True, slots=True)
class _Sounded:
    """From the first sample of a reply that can be heard to the last, `end` exclusive."""

    number: int
    begin: int
    end: int


class _Judge:
    def __init__(self, call: Call, expected: Expected) -> None:
        self._call, self._expected = call, expected
        self._replies = list(_sounded(call))
        self.silences_ms: list[float] = []

    def faults(self) -> Iterator[Fault]:
        if self._call.broken:
            yield Fault("broken", self._call.broken)
        cut = dict(self._cut())
        yield from cut.values()
        yield from self._stopped(set(cut))
        yield from self._interruptions()
        yield from self._damaged()
        yield from self._bounds()

    def _meant(self) -> list[Mark]:
        return [mark for mark in self._call.marks if mark.cue.is_meant]

    def _cut(self) -> Iterator[tuple[int, Fault]]:
        """By the reply that began before the caller had finished."""
        for mark in self._meant():
            for reply in self._replies:
                if mark.begin <= reply.begin < mark.end and reply.number != mark.over:
                    at = _s(reply.begin - mark.begin)
                    yield reply.number, Fault("cut", f"an answer began {at} into {mark.cue.what!r}")

    def _stopped(self, answered_too_soon: set[int]) -> Iterator[Fault]:
        meant = {mark.over for mark in self._meant()} | answered_too_soon
        for reply in self._replies:
            if reply.number in self._call.finished or reply.number in meant:
                continue
            over = [mark.cue.what for mark in self._call.marks if mark.over == reply.number]
            by = f" over {over[-1]!r}" if over else ""
            yield Fault(
                "stopped", f"reply {reply.number} fell silent for good{by}, {_s(reply.end)} into the call"
            )

    def _interruptions(self) -> Iterator[Fault]:
        bound = self._expected.silence_after_ms
        spans = {reply.number: reply for reply in self._replies}
        for mark in self._meant():
            reply = spans.get(mark.over)
            if reply is None:
                continue
            is_whole = reply.number in self._call.finished
            if is_whole and reply.end <= mark.begin + TOO_LATE:
                continue
            if is_whole or reply.end > mark.end + GOES_ON:
                yield Fault("missed", f"the reply went on through {mark.cue.what!r}")
                continue
            silence_ms = max(reply.end - mark.begin, 0) * 1000 / HEARD_RATE
            self.silences_ms.append(silence_ms)
            if bound is not None and silence_ms > bound:
                yield Fault("slow_silence", f"silence came {silence_ms:.0f} ms after {mark.cue.what!r} began")

    def _damaged(self) -> Iterator[Fault]:
        for reply in self._replies:
            whole = self._call.finished.get(reply.number)
            if whole is None:
                continue
            played_ms = whole.played / 2 * 1000 / HEARD_RATE
            if whole.duration_ms is not None and abs(played_ms - whole.duration_ms) > OFF_MS:
                said = f"{played_ms:.0f} ms of reply {reply.number} came, which has {whole.duration_ms:.0f}"
                yield Fault("damaged", said)
            elif is_repeated(self._call.heard, self._call.replies == reply.number):
                yield Fault("damaged", f"a piece of reply {reply.number} was heard twice")

    def _bounds(self) -> Iterator[Fault]:
        expected, count = self._expected, len(self._replies)
        if expected.answers is not None and count != expected.answers:
            kind = "missing" if count < expected.answers else "doubled"
            yield Fault(kind, f"{count} answers came, not {expected.answers}")
        slowest = max(self.latencies_ms, default=0.0)
        if expected.latency_ms is not None and slowest > expected.latency_ms:
            yield Fault("slow_answer", f"an answer came after {slowest:.0f} ms")
        if expected.talk_over_ms is not None and self.talk_over_ms > expected.talk_over_ms:
            yield Fault("talked_over", f"the reply spoke over the caller for {self.talk_over_ms:.0f} ms")

    @property
    def answers(self) -> int:
        return len(self._replies)

    @property
    def latencies_ms(self) -> list[float]:
        meant = self._meant()
        limits = [*(mark.begin for mark in meant[1:]), len(self._call.heard)]
        found = []
        for mark, until in zip(meant, limits, strict=False):
            if mark.cue.typed:
                continue
            first = next((reply.begin for reply in self._replies if mark.end <= reply.begin < until), None)
            if first is not None:
                found.append((first - mark.end) * 1000 / HEARD_RATE)
        return found

    @property
    def talk_over_ms(self) -> float:
        """While the caller says what he means."""
        speaks = np.zeros(len(self._call.replies), bool)
        for mark in self._meant():
            speaks[mark.begin // FRAME : -(-mark.end // FRAME)] = True
        both = speaks & _audible(self._call.said) & _audible(self._call.heard)
        return float(both.sum() * FRAME * 1000 / HEARD_RATE)


def judge(call: Call, expected: Expected) -> Verdict:
    judge = _Judge(call, expected)
    faults = tuple(judge.faults())
    return Verdict(
        faults, tuple(judge.latencies_ms), tuple(judge.silences_ms), judge.talk_over_ms, judge.answers
    )


def _audible(side: Samples) -> NDArray[np.bool_]:
    """Of each frame, whether anything can be heard in it."""
    return np.asarray(np.abs(side.astype(np.int32)).reshape(-1, FRAME).max(axis=1) > AUDIBLE)


def _sounded(call: Call) -> Iterator[_Sounded]:
    loud = np.abs(call.heard.astype(np.int32)) > AUDIBLE
    of = np.repeat(call.replies, FRAME)
    for number in sorted(set(call.replies.tolist()) - {0}):
        places = np.flatnonzero(loud & (of == number))
        if places.size:
            yield _Sounded(number, int(places[0]), int(places[-1]) + 1)


def _s(samples: int) -> str:
    return f"{samples / HEARD_RATE:.2f} s"
