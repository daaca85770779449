"""What is made of the measurements: CPU for each session, ratios of a round, the largest load. Pure."""

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.load.capacity.script import REPLY_RATE
from tests.load.measure import VOID_LAG_MS, percentile

FULL = 60
"""Sessions at which the figures are compared."""
MOST_ADDED_MS = 50.0
"""p99 of the added latency up to which a load is borne."""
LEAST_DELIVERED = 0.9
"""Share of the reply audio that must have come: less would cost less."""


@dataclass(frozen=True, slots=True)
class Point:
    """Something to measure: who, with how many sessions, with how much reply audio in percent of the time."""

    subject: str
    sessions: int
    share: int = 50


@dataclass(frozen=True, slots=True)
class Load:
    """What the generator tells of a window of `window_s`. Times in seconds.

    `waits_s`: from the due time of a user's last voiced frame to the reply's first byte; what was not
    answered when the window closed counts as so long. `lost` sessions broke off, `errors` were told.
    """

    window_s: float
    late_p99_s: float
    waits_s: list[float]
    reply_bytes: int
    lost: int
    errors: int


@dataclass(frozen=True, slots=True)
class Used:
    """What the measured processes took of the machine, looked at over `window_s`: processor time, resident
    memory; and what anybody took of their core.
    """

    window_s: float
    cpu_s: float
    busy_s: float
    rss_kb: int


@dataclass(frozen=True, slots=True)
class Result:
    """One point measured. Percent are of one core; `others_percent` is what processes that are not measured
    took of the measured core.
    """

    point: Point
    late_p99_ms: float
    core_percent: float
    others_percent: float
    rss_kb: int
    delivered_percent: float
    added_ms: tuple[float, ...]
    trouble: str = ""

    @property
    def void(self) -> str:
        """Why this is no figure; empty when it is one."""
        if self.trouble:
            return self.trouble
        if self.late_p99_ms > VOID_LAG_MS:
            return f"the generator itself was {self.late_p99_ms:.0f} ms late"
        if self.delivered_percent < self.point.share * LEAST_DELIVERED:
            return f"{self.delivered_percent:.0f} % of the time was reply audio instead of {self.point.share}"
        return ""

    @property
    def session_percent(self) -> float:
        return self.core_percent / self.point.sessions


def judge(
    point: Point, load: Load, used: Used, scripted_s: float | None, reply_rate: int = REPLY_RATE
) -> Result:
    """`scripted_s`: what an answer takes of itself; None: nobody listens."""
    reply_s = load.reply_bytes / 2 / reply_rate
    trouble = f"{load.lost} of {point.sessions} sessions broke off" if load.lost else ""
    if load.errors and not trouble:
        trouble = f"{load.errors} errors were told"
    return Result(
        point=point,
        late_p99_ms=load.late_p99_s * 1000,
        core_percent=100 * used.cpu_s / used.window_s,
        others_percent=100 * max(used.busy_s - used.cpu_s, 0.0) / used.window_s,
        rss_kb=used.rss_kb,
        delivered_percent=100 * reply_s / (load.window_s * point.sessions),
        added_ms=() if scripted_s is None else tuple((wait_s - scripted_s) * 1000 for wait_s in load.waits_s),
        trouble=trouble,
    )


def process_cpu_s(stat: str, ticks_per_s: int) -> float:
    """User and system time in /proc/PID/stat. The name may hold blanks and parentheses."""
    fields = stat[stat.rindex(")") + 2 :].split()
    return (int(fields[11]) + int(fields[12])) / ticks_per_s


def core_busy_s(stat: str, core: int, ticks_per_s: int) -> float:
    """What was not idle of a core since the machine started, in /proc/stat. Raises LookupError without it."""
    for line in stat.splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, irq, softirq, *_ = map(int, ticks)
            return (user + nice + system + irq + softirq) / ticks_per_s
    raise LookupError(f"/proc/stat has no cpu{core}")


def median_ratio(rounds: Iterable[Sequence[Result]], above: Point, below: Point) -> float | None:
    """Median over the rounds of CPU per session of one point over another's in the same round."""
    ratios = []
    for results in rounds:
        costs = {result.point: result.session_percent for result in results if not result.void}
        if above in costs and costs.get(below):
            ratios.append(costs[above] / costs[below])
    return statistics.median(ratios) if ratios else None


def added_ms(results: Iterable[Result], point: Point, share: float) -> float | None:
    """A percentile of a point's added latency, median of its rounds: a neighbour's bad moment is in one of
    them. None where all were void.
    """
    sound = [result for result in results if result.point == point and result.added_ms and not result.void]
    return statistics.median(percentile(result.added_ms, share) for result in sound) if sound else None


def is_borne(added_p99_ms: float | None) -> bool:
    """Whether answers come soon enough. A void load is not known to be borne."""
    return added_p99_ms is not None and added_p99_ms <= MOST_ADDED_MS


def largest_borne(added_p99_ms: Mapping[int, float | None]) -> int | None:
    """The most sessions that are answered soon enough. A smaller load that was not has been disturbed, for
    more sessions are not answered sooner.
    """
    return max((sessions for sessions, ms in added_p99_ms.items() if is_borne(ms)), default=None)


def kb_per_session(results: Sequence[Result], few: Point, many: Point) -> float | None:
    """Slope of the resident memory between the first measurements of two loads; a late generator weighs
    as much as any. None where the larger load came first, for memory is seldom given back.
    """
    sound = [result for result in results if not result.trouble]
    points = [result.point for result in sound]
    if few not in points or many not in points or points.index(few) > points.index(many):
        return None
    grown_kb = sound[points.index(many)].rss_kb - sound[points.index(few)].rss_kb
    return grown_kb / (many.sessions - few.sessions)
