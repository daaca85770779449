"""One point measured: pin, load, and read what the measured processes used while the window was open."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.up import die_with_parent
from tests.load.capacity import cores
from tests.load.capacity.figures import Load, Point, Result, Used, judge
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
    try:
        subject.pin(measuring, other)
        with _generating(point, subject) as process:
            cores.pin([process.pid], other)
            return _watch(point, subject, process, measuring)
    except _Broken as broken:
        return _nothing(point, str(broken))
    except FileNotFoundError:
        return _nothing(point, "a measured process has ended")


@contextmanager
def _generating(point: Point, subject: Subject) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        _command(point, subject),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=die_with_parent,
    )
    with process:
        try:
            yield process
        finally:
            end(process)


def _watch(point: Point, subject: Subject, process: "subprocess.Popen[str]", core: int) -> Result:
    _expect("open", process)
    opened_at, cpu_s, busy_s = _look(subject, core)
    _expect("shut", process)
    shut_at, cpu_after_s, busy_after_s = _look(subject, core)
    rss_kb = cores.rss_kb(subject.measured)
    used = Used(shut_at - opened_at, cpu_after_s - cpu_s, busy_after_s - busy_s, rss_kb)
    load = Load(**json.loads(_line(process)))
    return judge(point, load, used, subject.scripted_s, subject.reply_rate)


def _nothing(point: Point, trouble: str) -> Result:
    return Result(point, 0.0, 0.0, 0.0, 0, 0.0, (), trouble)


def _look(subject: Subject, core: int) -> tuple[float, float, float]:
    """Now, what the measured processes have used by now, and what all have used of the core."""
    return time.monotonic(), cores.cpu_s(subject.measured), cores.busy_s(core)


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


def _expect(word: str, process: "subprocess.Popen[str]") -> None:
    if _line(process) != word:
        raise _Broken(f"the generator did not say {word}")


def _line(process: "subprocess.Popen[str]") -> str:
    """What the generator says next. Raises _Broken with its last words when it has ended."""
    assert process.stdout is not None
    assert process.stderr is not None
    line = process.stdout.readline().strip()
    if not line:
        words = process.stderr.read().strip().splitlines()
        raise _Broken(words[-1] if words else "the generator ended")
    return line
