"""Where all lanes are listened to at once: Silero's network on a thread of its own, all windows in one batch.

A lane's audio is cut into windows where it comes, and comes back with what the network makes of them, in
order, on the event loop: within a tick, which is shorter than anybody notices.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from prometheus_client import Histogram

from chassis.faults import Fault, InternalFault, InvalidArgument, Overflow
from chassis.logs import get_logger
from chassis.metrics import LATENCY_BUCKETS_S, REGISTRY
from protos.sound import HEARD_RATE
from stt_service.gate.silero import WINDOW, SileroNetwork, States, silero_network
from stt_service.gate.vad import Judged, judge_windows

log = get_logger(__name__)
BATCH = Histogram(
    "parley_stt_vad_seconds",
    "From taking up a batch of windows to telling their gates what they are",
    buckets=LATENCY_BUCKETS_S,
    registry=REGISTRY,
)
TICK_S = 0.01
"""From one batch to the next, at least: the fewer there are, the less each window costs."""
WINDOW_BYTES = WINDOW * 2
MOST_WAITING_BYTES = 30 * 2 * HEARD_RATE
"""Of a lane: half a minute."""
Mark = Literal["", "flush", "reset", "leave"]
Take = Callable[[bytes, Sequence[Judged], Mark], None]
"""Whole windows with what they are. Before a mark also the samples that fill none, judged for a flush."""


class Seat:
    """One lane's place in the room. Used on the event loop alone."""

    def __init__(self, listener: "_Listener", number: int, take: Take, fail: Callable[[Fault], None]) -> None:
        self.number, self.take, self.fail = number, take, fail
        self.waiting_bytes = 0
        self.left = False
        self._listener = listener
        self._rest = b""

    def hear(self, pcm: bytes) -> None:
        """Raises InvalidArgument for half a sample, Overflow when the room is far behind."""
        if len(pcm) % 2:
            raise InvalidArgument(
                f"audio must be whole 16-bit samples; {len(pcm)} bytes are half a sample too many"
            )
        self._rest += pcm
        if len(self._rest) < WINDOW_BYTES:
            return
        if self.waiting_bytes > MOST_WAITING_BYTES:
            raise Overflow("the voice activity detector fell half a minute behind the audio")
        whole = len(self._rest) // WINDOW_BYTES * WINDOW_BYTES
        audio, self._rest = self._rest[:whole], self._rest[whole:]
        self._hand_in(audio, "")

    def mark(self, mark: Literal["flush", "reset"]) -> None:
        """It comes back behind all that was heard before it, and that is then forgotten."""
        rest, self._rest = self._rest, b""
        self._hand_in(rest, mark)

    def leave(self) -> None:
        """Nothing comes back any more."""
        if not self.left:
            self.left = True
            self._hand_in(b"", "leave")
            self._listener.give_back(self)

    def _hand_in(self, pcm: bytes, mark: Mark) -> None:
        self.waiting_bytes += len(pcm)
        self._listener.hand_in(self, pcm, mark)


class Room:
    """Its thread lives while somebody is there. Used on one event loop."""

    def __init__(self, network: Callable[[], SileroNetwork] = silero_network, tick_s: float = TICK_S) -> None:
        self._network, self._tick_s = network, tick_s
        self._listener: _Listener | None = None

    def enter(self, take: Take, fail: Callable[[Fault], None]) -> Seat:
        """A seat for a lane that has heard nothing. Raises NotReady without the network's weights.

        Neither `take` nor `fail` may raise; `fail` is called once, when the network breaks.
        """
        if self._listener is None or self._listener.over:
            self._listener = _Listener(self._network(), asyncio.get_running_loop(), self._tick_s)
        return self._listener.enter(take, fail)


_Job = tuple[Seat, bytes, Mark]
_Result = tuple[Seat, bytes, list[Judged], Mark]


class _Listener:
    """The thread, while it lasts. `over`: it has ended, or ends: all have left, or it failed."""

    def __init__(self, network: SileroNetwork, loop: asyncio.AbstractEventLoop, tick_s: float) -> None:
        self._network, self._loop, self._tick_s = network, loop, tick_s
        self._seats: set[Seat] = set()
        self._free = deque[int]()
        self._states = States(1)
        self._jobs = deque[_Job]()
        self._work = threading.Event()
        self.over = False
        threading.Thread(target=self._run, name="stt-room", daemon=True).start()

    def enter(self, take: Take, fail: Callable[[Fault], None]) -> Seat:
        seat = Seat(self, self._free.popleft() if self._free else len(self._seats), take, fail)
        self._seats.add(seat)
        return seat

    def give_back(self, seat: Seat) -> None:
        """Whoever is given its number comes behind it: what is remembered of it is forgotten by then."""
        self._seats.discard(seat)
        self._free.append(seat.number)
        self.over = self.over or not self._seats
        self._work.set()

    def hand_in(self, seat: Seat, pcm: bytes, mark: Mark) -> None:
        self._jobs.append((seat, pcm, mark))
        if not self._work.is_set():
            self._work.set()

    def _tell(self, results: Sequence[_Result], began: float) -> None:
        BATCH.observe(time.monotonic() - began)
        for seat, pcm, judged, mark in results:
            seat.waiting_bytes -= len(pcm)
            if not seat.left:
                seat.take(pcm, judged, mark)

    def _fail(self) -> None:
        self.over = True
        for seat in list(self._seats):
            seat.fail(InternalFault("the voice activity detector broke; say it again"))

    # ------------------------------------------------------------------ on the thread

    def _run(self) -> None:
        try:
            while not self.over:
                self._work.wait()
                self._work.clear()
                began = time.monotonic()
                results = [(seat, pcm, list[Judged](), mark) for seat, pcm, mark in self._take_jobs()]
                self._judge(results)
                self._loop.call_soon_threadsafe(self._tell, results, began)
                time.sleep(max(began + self._tick_s - time.monotonic(), 0))
        except Exception:
            if not self._loop.is_closed():  # else the process leaves
                log.exception("voice activity detector failed")
                self._loop.call_soon_threadsafe(self._fail)

    def _take_jobs(self) -> list[_Job]:
        return [self._jobs.popleft() for _ in range(len(self._jobs))]

    def _judge(self, results: Sequence[_Result]) -> None:
        """Fill in what the windows are: of each number one a round, for the next one builds on it. Who has a
        number after somebody else comes behind them.
        """
        due = dict[int, deque[tuple[list[Judged], bytes] | None]]()
        for seat, pcm, judged, mark in results:
            steps = due.setdefault(seat.number, deque())
            end = len(pcm) if mark == "flush" else len(pcm) // WINDOW_BYTES * WINDOW_BYTES
            for start in range(0, end, WINDOW_BYTES):
                steps.append((judged, pcm[start : start + WINDOW_BYTES].ljust(WINDOW_BYTES, b"\0")))
            if mark:
                steps.append(None)  # forget
        while due:
            self._judge_next(due)

    def _judge_next(self, due: dict[int, deque[tuple[list[Judged], bytes] | None]]) -> None:
        lanes, windows, places = list[int](), list[bytes](), list[list[Judged]]()
        for number, steps in list(due.items()):
            if number >= self._states.lanes:
                self._states.grow(2 * number)
            step = steps.popleft()
            if step is None:
                self._states.forget(number)
            else:
                places.append(step[0])
                windows.append(step[1])
                lanes.append(number)
            if not steps:
                del due[number]
        if lanes:
            heard = judge_windows(self._network, windows, self._states, np.array(lanes))
            for place, judged in zip(places, heard, strict=True):
                place.append(judged)
