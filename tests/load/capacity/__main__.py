"""What a session costs and what it waits: `make bench-capacity`.

On one core what is measured, on another everything else: the load, Redis, the fake services where the gateway
alone is measured. `gateway` is the gateway alone on its core, `cluster` the gateway and its four services
together on one, `bare` a FastAPI socket that drops the frames and sends the same replies, `pipecat` and
`livekit` are those frameworks with fakes in their own process. A user speaks 1 s in 8 and is answered for 4:
50 % reply audio.

CPU is user and system time of the measured processes. Added latency is what `make bench-latency` calls so:
from when a user's last voiced frame was due to the reply's first byte, less the silence that ends a turn and
the engines' delays. Ratios are of CPU per session in the same round. All are medians of the rounds. A point
at which the generator was late itself is void: it is measured once more, and is no figure if late again.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from tests.load.capacity import cores, report, subjects
from tests.load.capacity.figures import FULL, Point, Result, added_ms, is_borne
from tests.load.capacity.subjects import ENDLESS, PEERS, SILENT, Subject
from tests.load.capacity.window import measure

ROUNDS = 3
MOST_S = 480.0
"""From the start on; no point is begun that could end later."""
POINT_S = 17.0
BETWEEN_S = 0.5
LESS, MORE = 40, (80, 100)
"""Loads beside those of the rounds; more only until one is too much."""


class Bench:
    """All results so far, by round; what lies outside of the rounds is in the last."""

    def __init__(self, found: Mapping[str, Subject], quick: bool, until: float) -> None:
        self._subjects, self._quick, self._until = found, quick, until
        self.rounds: list[list[Result]] = []

    def run(self) -> None:
        for _ in range(1 if self._quick else ROUNDS):
            self.rounds.append([])
            for point in self._round():
                self._measure(point)
        if self._quick:
            return
        self.rounds.append([])
        self._measure(Point("gateway", LESS))
        largest = FULL
        for sessions in MORE:
            if not is_borne(added_ms(self.results, Point("gateway", largest), 0.99)):
                break
            self._measure(Point("gateway", sessions))
            largest = sessions
        for share in (SILENT, ENDLESS):
            for name in ("bare", "gateway", "cluster"):
                self._measure(Point(name, FULL, share))

    @property
    def results(self) -> list[Result]:
        return [result for results in self.rounds for result in results]

    def _round(self) -> Iterator[Point]:
        """Small loads first: memory grows."""
        if not self._quick:
            for name, sessions in PEERS.items():
                if name in self._subjects or len(self.rounds) == 1:
                    yield Point("gateway", sessions)
                if name in self._subjects:
                    yield Point(name, sessions)
        for name in ("bare", "gateway", "cluster"):
            yield Point(name, FULL)

    def _measure(self, point: Point) -> None:
        """Once more when it was void, unless it is to be quick."""
        for _ in range(1 if self._quick else 2):
            if time.monotonic() + POINT_S > self._until:
                print(f"  {report.name(point)}: no time was left for it", flush=True)
                return
            result = measure(point, self._subjects[point.subject])
            self.rounds[-1].append(result)
            print(report.line(result), flush=True)
            time.sleep(BETWEEN_S)
            if not result.void:
                return


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="one round of 60 sessions, without peers")
    options = parser.parse_args()
    # A shell that starts us in the background has us ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    until = time.monotonic() + MOST_S
    try:
        cores.pin([os.getpid()], cores.two_cores()[1])
        with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
            bench = Bench(start(stack, Path(folder), options.quick), options.quick, until)
            bench.run()
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    report.show(bench.rounds)
    return 0


def start(stack: ExitStack, folder: Path, quick: bool) -> dict[str, Subject]:
    """Everybody who can be measured; they end with the stack. Says why a peer cannot."""
    found = {"bare": stack.enter_context(subjects.bare()), **stack.enter_context(subjects.parley(folder))}
    for name in () if quick else PEERS:
        try:
            found[name] = stack.enter_context(subjects.peer(name))
        except (RuntimeError, TimeoutError) as error:
            print(f"  {name} is not measured: {error}", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
