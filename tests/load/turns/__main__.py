"""Acts out the scenarios that ship to clusters with the embedded engines, a bounded part of their runs.

What ends a turn, once by silence and once by smart-turn, on the same scenarios; what stops a reply; how soon
a voice holds it, with fake engines. Prints the tables and, as its last line, one JSON object.
"""

import asyncio
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cli.rehearsal.calling import Lateness
from cli.rehearsal.reading import read_all
from cli.rehearsal.rehearsing import rehearse
from cli.rehearsal.results import Result, table
from cli.rehearsal.scenario import Scenario
from cli.where import Place
from tests.load import barge_in
from tests.load.measure import percentile
from tests.load.turn_ends.__main__ import print_curves
from tests.load.turns.figures import ENDS, figures
from tests.support.cluster import cluster

SCENARIOS = Path(__file__).parents[3] / "scenarios"
RUNS, CALLERS, ROUNDS = 6, 6, 6
LATE_MS = 100.0


def act_out(title: str, scenarios: Sequence[Scenario], environment: Mapping[str, str]) -> dict[str, Result]:
    """To a cluster of its own."""
    print(f"\n{title}, {RUNS} runs of each, {CALLERS} callers at once", flush=True)
    lateness = Lateness()
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder), "embedded", environment) as running:
        results = asyncio.run(rehearse(Place(running.url), scenarios, RUNS, CALLERS, lateness))
    for line in table(results):
        print(f"  {line}")
    if lateness.worst_s * 1000 > LATE_MS:
        print(f"  the callers were {lateness.worst_s * 1000:.0f} ms late: run again on a quiet machine")
    return {result.scenario.name: result for result in results}


def hold_ms() -> list[float]:
    """From the first voiced sample to the client's being told to hold."""
    with (
        tempfile.TemporaryDirectory() as folder,
        cluster(Path(folder), "fake", barge_in.ENVIRONMENT) as running,
    ):
        held, _ = asyncio.run(barge_in.measure(f"{running.ws}/v1/conversation", ROUNDS))
    return held.hold_ms


def main() -> None:
    print("What ends a turn, on audio time", flush=True)
    curves = print_curves()
    scenarios = read_all(SCENARIOS)
    by_silence = act_out("Turns end by silence", scenarios, {"STT_END_OF_TURN": "silence"})
    ends = [scenario for scenario in scenarios if scenario.name in ENDS]
    by_model = act_out("Turns end by smart_turn", ends, {"STT_END_OF_TURN": "smart_turn"})
    held_ms = hold_ms()
    result: dict[str, Any] = {
        **figures(by_silence, by_model),
        "preemptive_gain_ms": None,
        "voice_to_hold_p95_ms": round(percentile(held_ms, 0.95), 1),
        "noticed_ms": curves,
    }
    print(f"\n  a voice over a reply holds it after, p50 ms  {percentile(held_ms, 0.5):.0f}")
    print(f"  the same, p95 ms                             {percentile(held_ms, 0.95):.0f}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
