"""What the runs of a scenario come to, for people and for programs."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from cli.rehearsal.judge import Fault, Verdict
from cli.rehearsal.reading import read_all
from cli.rehearsal.results import Result, as_json, percentile, table
from cli.rehearsal.scenario import Scenario
from cli.rehearsal.takes import Take
from tests.load.turns.figures import ENDS, INTERRUPTIONS, NOISES, figures

STOPPED = Fault("stopped", "reply 1 fell silent for good")
CUT, MISSED = Fault("cut", "an answer began"), Fault("missed", "the reply went on")
NAMES = [scenario.name for scenario in read_all(Path(__file__).parents[4] / "scenarios")]


def result(*verdicts: Sequence[Fault], may_fail: str = "1 of 40", name: str = "cough") -> Result:
    given = {"name": name, "shows": "It.", "caller": [{"say": "Hi."}], "expect": {"may_fail": may_fail}}
    scenario = Scenario.model_validate(given)
    runs = [
        (Take(n, "hibari", -6.0, "Hi."), Verdict(tuple(faults), (500.0 + n,), (100.0,), 20.0, 1))
        for n, faults in enumerate(verdicts)
    ]
    return Result(scenario, runs)


def test_a_scenario_holds_while_no_more_runs_fail_than_may() -> None:
    assert result([], [STOPPED]).holds
    assert not result([STOPPED], [STOPPED]).holds
    assert not result([], [STOPPED], may_fail="0 of 40").holds


def test_the_table_has_a_row_a_scenario_and_the_first_of_each_kind_of_fault_below() -> None:
    head, row, *complaints = table([result([], [STOPPED, CUT, STOPPED])])
    assert head.startswith("scenario")
    assert row.split()[:8] == ["cough", "1", "of", "2", "1", "of", "40", "holds"]
    assert row.split()[8:] == ["501", "501", "100", "100", "20"]
    assert complaints == [
        "  cough 2: hibari -6 dB “Hi.”: stopped, 2 times, first: reply 1 fell silent for good",
        "  cough 2: hibari -6 dB “Hi.”: cut: an answer began",
    ]
    assert "FAILS" in list(table([result([STOPPED], may_fail="0 of 1")]))[1]


def test_the_last_line_has_every_scenario_and_whether_all_hold() -> None:
    told = as_json([result([], [STOPPED]), result([CUT], name="other", may_fail="0 of 1")], 12.34)
    assert {key: told[key] for key in ("holds", "runs", "passed", "pass_rate", "caller_late_ms")} == {
        "holds": False,
        "runs": 3,
        "passed": 1,
        "pass_rate": 0.333,
        "caller_late_ms": 12.3,
    }
    first, other = told["scenarios"]
    assert (first["name"], first["holds"], first["faults"]) == ("cough", True, {"stopped": 1})
    assert (other["name"], other["holds"], other["latency_p50_ms"]) == ("other", False, 500.0)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile([], 0.5) is None
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([3.0, 1.0, 2.0], 0.95) == 3.0


def test_the_benchmark_counts_what_was_stopped_missed_and_cut() -> None:
    assert {*ENDS, *NOISES, *INTERRUPTIONS, "backchannels", "held_and_resumed"} == set(NAMES)
    by_silence = {name: result([]) for name in NAMES}
    by_silence |= {"backchannels": result([STOPPED], []), "echo": result([STOPPED, STOPPED], [STOPPED])}
    by_silence |= {"interruption": result([MISSED], []), "two_halves": result([CUT, STOPPED], [])}
    by_model = {name: result([]) for name in ENDS}
    told = figures(by_silence, by_model)
    assert told == {
        "silence_ms": 500.0,
        "smart_turn_ms": 500.0,
        "cutoff_rate_silence": pytest.approx(0.25),
        "cutoff_rate_smart_turn": 0.0,
        "backchannel_stops": 1,
        "false_stops": 2,
        "missed_interruptions": 1,
        "backchannels": 2,
        "noises": 5,
        "interruptions": 3,
    }
