"""The results for people, and as the one JSON object of the last line."""

import json
import statistics
from collections.abc import Sequence
from itertools import chain

from tests.load.capacity.figures import (
    FULL,
    Point,
    Result,
    added_ms,
    kb_per_session,
    largest_borne,
    median_ratio,
)
from tests.load.capacity.subjects import PEERS

HEAD = "who      sessions  reply audio    % of a core  …each  others %  added p50  p95  p99 ms"
QUIET_PERCENT = 10.0
"""What others may take of the measured core without being mentioned."""
GATEWAY = Point("gateway", FULL)


def line(result: Result) -> str:
    """A point as it was measured."""
    return f"  {name(result.point)}  " + (f"void: {result.void}" if result.void else _row([result]))


def show(rounds: Sequence[Sequence[Result]]) -> None:
    """Medians of the rounds."""
    results = list(chain.from_iterable(rounds))
    print(f"\nCapacity, medians of the points that are not void\n  {HEAD}")
    for point in sorted({result.point for result in results}, key=_order):
        sound = [result for result in results if result.point == point and not result.void]
        print(f"  {name(point)}  {_row(sound) if sound else 'void'}")
    worst = max((result.others_percent for result in results), default=0.0)
    if worst > QUIET_PERCENT:
        print(
            f"  others took up to {worst:.0f} % of the measured core: sessions are dearer then, a bare "
            "socket's most, and answers are late; run again on a quiet machine"
        )
    print(json.dumps(summary(rounds)))


def summary(rounds: Sequence[Sequence[Result]]) -> dict[str, float | None]:
    """None for what could not be measured."""
    results = list(chain.from_iterable(rounds))
    cores = [result.core_percent for result in results if result.point == GATEWAY and not result.void]
    talks = {
        point for r in results if (point := r.point).subject == "gateway" and point.share == GATEWAY.share
    }
    loads = {point.sessions: added_ms(results, point, 0.99) for point in talks}
    few = min(PEERS.values())
    return {
        "gateway_over_bare_60": _rounded(median_ratio(rounds, GATEWAY, Point("bare", FULL))),
        "cluster_over_bare_60": _rounded(median_ratio(rounds, Point("cluster", FULL), Point("bare", FULL))),
        "gateway_core_percent_60": _rounded(statistics.median(cores) if cores else None),
        "added_p95_ms_60": _rounded(added_ms(results, GATEWAY, 0.95)),
        "added_p99_ms_60": _rounded(added_ms(results, GATEWAY, 0.99)),
        "max_sessions_p99_50ms": largest_borne(loads),
        "kb_per_session": _rounded(kb_per_session(results, Point("gateway", few), GATEWAY)),
        **{
            f"{name}_over_gateway": _rounded(
                median_ratio(rounds, Point(name, sessions), Point("gateway", sessions))
            )
            for name, sessions in PEERS.items()
        },
    }


def _order(point: Point) -> tuple[int, str, int]:
    return point.share, point.subject, point.sessions


def name(point: Point) -> str:
    return f"{point.subject:<8} {point.sessions:>7} {point.share:>5} %"


def _row(results: Sequence[Result]) -> str:
    """Of results of one point, none of them void."""
    delivered, core, others = (
        statistics.median(getattr(result, name) for result in results)
        for name in ("delivered_percent", "core_percent", "others_percent")
    )
    point = results[0].point
    added = [added_ms(results, point, share) for share in (0.5, 0.95, 0.99)]
    row = f"{delivered:5.1f} % {core:11.1f} {core / point.sessions:10.3f} {others:7.1f}"
    return row + "".join(f"{ms:8.1f}" for ms in added if ms is not None)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
