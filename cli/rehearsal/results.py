"""What all runs of a scenario come to: a row of the table, an object of the last line, whether it holds."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from cli.rehearsal.judge import Verdict
from cli.rehearsal.scenario import Scenario
from cli.rehearsal.takes import Take

HEAD = (
    f"{'scenario':<18}{'passed':>10}{'may fail':>10}{'':>7}{'answer after, ms: p50':>23}{'p95':>7}"
    f"{'silence after, ms: p50':>24}{'p95':>7}{'both speak, ms':>16}"
)


@dataclass
class Result:
    scenario: Scenario
    runs: list[tuple[Take, Verdict]] = field(default_factory=list)

    @property
    def passed(self) -> int:
        return sum(not verdict.faults for _, verdict in self.runs)

    @property
    def holds(self) -> bool:
        return len(self.runs) - self.passed <= self.scenario.expect.may_fail_of(len(self.runs))

    @property
    def faults(self) -> dict[str, int]:
        """In how many runs each kind of fault was."""
        return dict(Counter(kind for _, run in self.runs for kind in {fault.kind for fault in run.faults}))

    @property
    def latencies_ms(self) -> list[float]:
        return [ms for _, run in self.runs for ms in run.latencies_ms]

    @property
    def silences_ms(self) -> list[float]:
        return [ms for _, run in self.runs for ms in run.silences_ms]

    @property
    def talk_over_ms(self) -> list[float]:
        return [run.talk_over_ms for _, run in self.runs]

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.scenario.name,
            "runs": len(self.runs),
            "passed": self.passed,
            "pass_rate": round(self.passed / len(self.runs), 3) if self.runs else None,
            "may_fail": self.scenario.expect.may_fail,
            "holds": self.holds,
            "faults": self.faults,
            "latency_p50_ms": percentile(self.latencies_ms, 0.5),
            "latency_p95_ms": percentile(self.latencies_ms, 0.95),
            "silence_after_p50_ms": percentile(self.silences_ms, 0.5),
            "silence_after_p95_ms": percentile(self.silences_ms, 0.95),
            "talk_over_p50_ms": percentile(self.talk_over_ms, 0.5),
        }

    def row(self) -> str:
        passed = f"{self.passed} of {len(self.runs)}"
        answers, silences = self.latencies_ms, self.silences_ms
        figures = (
            f"{_shown(answers, 0.5):>23}{_shown(answers, 0.95):>7}"
            f"{_shown(silences, 0.5):>24}{_shown(silences, 0.95):>7}{_shown(self.talk_over_ms, 0.5):>16}"
        )
        verdict = "holds" if self.holds else "FAILS"
        return f"{self.scenario.name:<18}{passed:>10}{self.scenario.expect.may_fail:>10}{verdict:>7}{figures}"

    def complaints(self) -> Iterator[str]:
        """A line for each kind of fault of each run: its first."""
        for take, verdict in self.runs:
            counts = Counter(fault.kind for fault in verdict.faults)
            for fault in verdict.faults:
                if times := counts.pop(fault.kind, 0):
                    kind = fault.kind if times == 1 else f"{fault.kind}, {times} times, first"
                    yield f"{self.scenario.name} {take}: {kind}: {fault.said}"


def table(results: Iterable[Result]) -> Iterator[str]:
    results = list(results)
    yield HEAD
    yield from (result.row() for result in results)
    yield from (f"  {complaint}" for result in results for complaint in result.complaints())


def as_json(results: Sequence[Result], worst_lateness_ms: float) -> dict[str, Any]:
    runs = sum(len(result.runs) for result in results)
    passed = sum(result.passed for result in results)
    return {
        "holds": all(result.holds for result in results),
        "runs": runs,
        "passed": passed,
        "pass_rate": round(passed / runs, 3) if runs else None,
        "caller_late_ms": round(worst_lateness_ms, 1),
        "scenarios": [result.as_json() for result in results],
    }


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest rank; None of nothing."""
    ordered = sorted(values)
    return round(ordered[min(int(len(ordered) * share), len(ordered) - 1)], 1) if ordered else None


def _shown(values: Sequence[float], share: float) -> str:
    value = percentile(values, share)
    return "-" if value is None else f"{value:.0f}"
