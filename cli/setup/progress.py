"""How far a download is: bars on a terminal, a plain line each few seconds where there is none."""

import sys
import time
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from cli.setup.findings import gigabytes

LINE_EVERY_S = 5.0


class Progress(Protocol):
    """One thing at a time: `begin`, any number of `advance`, `end`."""

    def begin(self, what: str, total: int, done: int = 0) -> None: ...

    def advance(self, count: int) -> None:
        """`count` more bytes; fewer where what came had to be thrown away."""
        ...

    def end(self) -> None: ...

    def note(self, text: str) -> None:
        """A line of its own."""
        ...


def choose_progress(stream: TextIO) -> Progress:
    """Bars need a terminal, and tqdm, which comes with huggingface_hub."""
    if not stream.isatty():
        return Lines(stream)
    try:
        return Bars(stream)
    except ImportError:
        return Lines(stream)


class Lines:
    """For logs and pipes."""

    def __init__(self, stream: TextIO = sys.stderr, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._what, self._total, self._done, self._came = "", 0, 0, 0
        self._began = self._said = 0.0

    def begin(self, what: str, total: int, done: int = 0) -> None:
        self._what, self._total, self._done, self._came = what, total, done, 0
        self._began = self._said = self._clock()
        if done:
            self.note(f"{what}: {gigabytes(done)} of {gigabytes(total)} is here already")

    def advance(self, count: int) -> None:
        self._done += count
        self._came += count
        now = self._clock()
        if now - self._said >= LINE_EVERY_S:
            self._said = now
            self.note(f"{self._what}: {self._describe(now)}")

    def _describe(self, now: float) -> str:
        speed = max(self._came, 0) / max(now - self._began, 1e-6)
        share = 100 * self._done // max(self._total, 1)
        left = f", {(self._total - self._done) / speed:.0f} s left" if speed else ""
        return (
            f"{share} % ({gigabytes(self._done)} of {gigabytes(self._total)}, {speed / 1e6:.1f} MB/s{left})"
        )

    def end(self) -> None:
        self._what = ""

    def note(self, text: str) -> None:
        print(f"  {text}", file=self._stream, flush=True)


class Bars:
    """For people. Raises ImportError when there is no tqdm."""

    def __init__(self, stream: TextIO) -> None:
        from tqdm import tqdm

        self._make, self._stream = tqdm, stream
        self._bar: Any = None

    def begin(self, what: str, total: int, done: int = 0) -> None:
        self._bar = self._make(
            desc=f"  {what}",
            total=total,
            initial=done,
            unit="B",
            unit_scale=True,
            dynamic_ncols=True,
            file=self._stream,
        )

    def advance(self, count: int) -> None:
        self._bar.update(count)

    def end(self) -> None:
        self._bar.close()

    def note(self, text: str) -> None:
        self._make.write(f"  {text}", file=self._stream)
