"""`parley rehearse` from a person's shell: scenarios are acted out to a cluster, and judged by ear."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cluster import Cluster

pytestmark = pytest.mark.timeout(180)
COUGHED_AT = """name: coughed_at
shows: A cough over a reply does not stop it.
caller:
  - type: Please tell me about your favourite place in the world.
    at: 0.5
  - noise: cough
    into_reply: 0.8
    loudness: -6
expect:
  answers: 1
"""
IN_A_HURRY = """name: in_a_hurry
shows: Nobody answers in a millisecond.
caller:
  - say: What do you like to do at the weekend?
    at: 0.5
expect:
  answers: 1
  latency_ms: 1
"""


def rehearse(place: Path, cluster: Cluster) -> tuple[int, list[str], dict[str, Any]]:
    """Exit status, what is printed, and the object of its last line."""
    command = [sys.executable, "-m", "cli.main", "rehearse", str(place), "--url", cluster.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150)
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    return done.returncode, lines, json.loads(lines[-1])


def test_what_holds_passes_and_a_bound_that_nobody_keeps_does_not(embedded: Cluster, tmp_path: Path) -> None:
    coughed_at = tmp_path / "coughed_at.yaml"
    coughed_at.write_text(COUGHED_AT)
    status, lines, told = rehearse(coughed_at, embedded)
    assert (status, told["holds"], told["pass_rate"]) == (0, True, 1.0), lines

    (tmp_path / "in_a_hurry.yaml").write_text(IN_A_HURRY)
    status, lines, told = rehearse(tmp_path, embedded)
    assert (status, told["holds"], told["pass_rate"]) == (1, False, 0.5), lines
    holds, fails = told["scenarios"]
    assert (holds["name"], holds["holds"], holds["faults"]) == ("coughed_at", True, {})
    assert (fails["name"], fails["holds"], fails["faults"]) == ("in_a_hurry", False, {"slow_answer": 1})
    assert 200 < fails["latency_p50_ms"] < 10_000
    assert [line.split()[0] for line in lines[:3]] == ["scenario", "coughed_at", "in_a_hurry"]
