"""Each scenario that ships, as often as it says, through the real gate, ear and core, on audio time."""

import asyncio
from pathlib import Path

import numpy as np
import pytest

from cli.rehearsal.judge import Call, judge
from cli.rehearsal.line import FRAME
from cli.rehearsal.reading import read
from cli.rehearsal.script import write
from cli.rehearsal.takes import takes
from stt_service.tuning import EndOfTurn
from tests.support.stage.replies import reply
from tests.support.stage.stage import Performance, act

SCENARIOS = Path(__file__).parents[2] / "scenarios"
pytestmark = pytest.mark.timeout(300)


def perform(name: str, end_of_turn: EndOfTurn = "silence") -> list[Performance]:
    """All runs. Fails where more of them fail than may, and says which and why."""
    scenario = read(SCENARIOS / f"{name}.yaml")
    chosen = takes(scenario)
    performances, failed = [], []
    for script in asyncio.run(write(scenario, chosen)):
        performance = act(script, end_of_turn)
        performances.append(performance)
        if faults := judge(performance.call, scenario.expect).faults:
            failed.append(f"{script.take}: {'; '.join(fault.said for fault in faults)}\n    {performance}")
    most = scenario.expect.may_fail_of(len(chosen))
    report = "\n".join(failed)
    assert len(failed) <= most, f"{len(failed)} of {len(chosen)} failed, {most} may:\n{report}"
    return performances


@pytest.mark.parametrize(
    "name",
    ["backchannels", "cough", "door", "music", "interruption", "ten_interruptions"],
)
def test_as_many_runs_pass_as_must(name: str) -> None:
    perform(name)


@pytest.mark.parametrize("end_of_turn", ["silence", "smart_turn"])
def test_a_question_in_two_halves_is_one_turn_by_either_policy(end_of_turn: EndOfTurn) -> None:
    perform("two_halves", end_of_turn)


def test_a_reply_that_is_held_and_goes_on_is_heard_sample_by_sample_as_it_was_spoken() -> None:
    for performance in perform("held_and_resumed"):
        for number in performance.call.finished:
            assert heard_of(performance.call, number)[: len(reply().pcm)] == reply().pcm


def heard_of(call: Call, number: int) -> bytes:
    """All frames in which this reply sounded, in order: the last is filled up with silence."""
    frames = call.heard.reshape(-1, FRAME)[call.replies == number]
    return bytes(np.ascontiguousarray(frames).tobytes())
