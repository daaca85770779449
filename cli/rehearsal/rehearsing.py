"""All runs of all scenarios, a bounded number of callers at once."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cli.rehearsal.calling import Lateness, call
from cli.rehearsal.judge import Fault, Verdict, judge
from cli.rehearsal.results import Result
from cli.rehearsal.scenario import Scenario
from cli.rehearsal.script import Script, write
from cli.rehearsal.takes import takes
from cli.where import Place, Refused

APART_S = 0.37
"""Between the first calls: callers do not all speak at once."""


@dataclass(frozen=True, eq=False)
class _Run:
    result: Result
    script: Script


async def rehearse(
    place: Place,
    scenarios: Sequence[Scenario],
    most_runs: int | None,
    callers: int,
    lateness: Lateness,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Result]:
    """Longest scripts first. Raises NoVoice, and Refused where no call was taken before."""
    results, runs = [], []
    for scenario in scenarios:
        result = Result(scenario)
        results.append(result)
        runs += [_Run(result, script) for script in await write(scenario, takes(scenario, most_runs))]

    def any_began() -> bool:
        return any(result.runs for result in results)

    waiting = deque(sorted(runs, key=lambda run: -len(run.script.cues)))
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(min(callers, len(runs))):
                calls = _calls(place, waiting, number * APART_S, lateness, tell, any_began)
                group.create_task(calls)
    except* Refused as refusals:
        raise refusals.exceptions[0] from None
    for result in results:
        result.runs.sort(key=lambda run: run[0].number)
    return results


async def _calls(
    place: Place,
    waiting: deque[_Run],
    after_s: float,
    lateness: Lateness,
    tell: Callable[[str], None],
    any_began: Callable[[], bool],
) -> None:
    """A call that is turned away once others were taken has failed, and theirs still count."""
    await asyncio.sleep(after_s)
    while waiting:
        run = waiting.popleft()
        scenario = run.result.scenario
        try:
            verdict = judge(await call(place, scenario, run.script, lateness), scenario.expect)
        except Refused as refusal:
            if not any_began():
                raise
            verdict = Verdict((Fault("broken", str(refusal)),))
        run.result.runs.append((run.script.take, verdict))
        tell(f"{scenario.name} {run.script.take}: {', '.join(f.kind for f in verdict.faults) or 'passed'}")
