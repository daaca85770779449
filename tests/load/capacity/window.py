"""One point measured: pin, load, and read what the measured processes used while the window was open."""

import json
import subprocess
import sys
from pathlib import Path
from typing import IO

from cli.up import die_with_parent
from tests.load.capacity import cores
from tests.load.capacity.figures import Load, Point, Result, judge
from tests.load.capacity.script import PERIOD_S
from tests.load.capacity.subjects import ENDLESS, SILENT, TALK, Subject, end

SETTLE_S = {SILENT: 1.0, TALK: 6.0, ENDLESS: 2.0}
"""Until every session is where its period wants it to be."""
WINDOW_S = {SILENT: 5.0, TALK: PERIOD_S, ENDLESS: 5.0}
"""A whole period, so that each session is answered once in it."""
ROOT = Path(__file__).parents[3]


class _Broken(Exception):
    """The generator ended early; the reason is its message."""


def measure(point: Point, subject: Subject) -> Result:
    """Blocks for the settling, the window and the time to join. Has `trouble` when the load broke off."""
    measuring, other = cores.two_cores()
    subject.pin(measuring, other)
    process = subprocess.Popen(
        _command(point, subject),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    cores.pin([process.pid], other)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        _expect("open", process.stdout)
        cpu_s, busy_s = cores.cpu_s(subject.measured), cores.busy_s(measuring)
        _expect("shut", process.stdout)
        cpu_s = cores.cpu_s(subject.measured) - cpu_s
        busy_s = cores.busy_s(measuring) - busy_s
        rss_kb = cores.rss_kb(subject.measured)
        load = Load(**json.loads(process.stdout.readline()))
        return judge(point, load, cpu_s, busy_s, rss_kb, subject.scripted_s, subject.reply_rate)
    except _Broken:
        words = process.stderr.read().strip().splitlines()
        return Result(point, 0.0, 0.0, 0.0, 0, 0.0, (), words[-1] if words else "the generator ended")
    finally:
        end(process)
        process.stdout.close()
        process.stderr.close()


def _command(point: Point, subject: Subject) -> list[str]:
    share = point.share
    command = [
        sys.executable,
        "-m",
        "tests.load.capacity.generator",
        "--url",
        subject.url.format(share=share),
    ]
    command += ["--sessions", str(point.sessions), "--typed", subject.typed.get(share, "")]
    command += ["--settle", str(SETTLE_S[share]), "--window", str(WINDOW_S[share])]
    return [*command, "--talk"] if share == TALK else command


def _expect(line: str, output: IO[str]) -> None:
    if output.readline().strip() != line:
        raise _Broken
