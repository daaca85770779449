"""The load: people who send a frame every 20 ms whatever the server does, and watch when its answer comes.

A process of its own without a framework, so that it costs little and is seldom late. It keeps the schedule: a
frame is due when it is due, however late the last one was, and how late each was is told. One line `open` and
one `shut` mark the window on its output; the last line is what was seen, as JSON (`figures.Load`).
"""

import argparse
import dataclasses
import json
import os
import random
import selectors
import socket
import sys
import time
from array import array
from contextlib import suppress
from urllib.parse import urlsplit

from tests.load.capacity.figures import Load
from tests.load.capacity.frames import HEAD_END, Opcode, Reader, WireFault, frame, upgrade
from tests.load.capacity.script import FRAME_BYTES, PERIOD_S, Schedule, is_last_voiced, is_voiced
from tests.load.measure import percentile

JOIN_S = 10.0
GRACE_S = 2.0
"""A turn that ends so shortly before the window does is not counted: its answer may come after it."""
HEARD = 16
"""Bytes of a message that tell sound from silence."""

_noise = random.Random(7)
VOICE = frame(
    Opcode.BINARY, array("h", (_noise.randint(-12_000, 12_000) for _ in range(FRAME_BYTES // 2))).tobytes()
)
SILENCE = frame(Opcode.BINARY, bytes(FRAME_BYTES))
GOODBYE = frame(Opcode.CLOSE, (1000).to_bytes(2, "big"))


class Session:
    """One socket. `asked_at` is the due time of the last voiced frame while its answer is awaited; `answers`
    are those that came: when each was asked for and how many seconds it took.
    """

    def __init__(self, url: str, typed: str) -> None:
        parts = urlsplit(url)
        host, port = parts.hostname or "127.0.0.1", parts.port or 80
        self.socket = socket.create_connection((host, port), JOIN_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.asked_at: float | None = None
        self.answers: list[tuple[float, float]] = []
        self.reply_bytes = self.errors = 0
        self.is_open = True
        self._reader = Reader()
        self.socket.sendall(upgrade(host, port, f"{parts.path}?{parts.query}"))
        self._rest = self._read_head()
        if typed:
            self.socket.sendall(frame(Opcode.TEXT, typed.encode()))
        self.socket.setblocking(False)

    def send(self, data: bytes) -> None:
        """A server that does not read for so long that the kernel's buffer is full has lost this session."""
        if self.is_open:
            try:
                self.is_open = self.socket.send(data) == len(data)
            except OSError:
                self.is_open = False

    def read(self) -> bool:
        """Take in what has come. False: the socket has ended."""
        try:
            data = self._rest + self.socket.recv(65_536)
        except BlockingIOError:
            return True
        except OSError:
            data = b""
        self._rest = b""
        for opcode, payload in self._reader.feed(data):
            if opcode is Opcode.BINARY and any(payload[:HEARD]):
                self.reply_bytes += len(payload)
                self._hear()
            elif opcode is Opcode.TEXT:
                self.errors += json.loads(payload).get("type") == "error"
            elif opcode is Opcode.PING:
                self.send(frame(Opcode.PONG, payload))
        self.is_open = self.is_open and bool(data)
        return bool(data)

    def _hear(self) -> None:
        if self.asked_at is not None:
            self.answers.append((self.asked_at, time.monotonic() - self.asked_at))
            self.asked_at = None

    def _read_head(self) -> bytes:
        """Raises WireFault when the server does not open the socket. What came behind the head."""
        answer = b""
        while HEAD_END not in answer:
            data = self.socket.recv(4096)
            if not data:
                break
            answer += data
        head, _, rest = answer.partition(HEAD_END)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise WireFault(f"no socket was opened: {head.splitlines()[:1]}")
        return rest


class Generator:
    """`talks`: whether the users speak at all."""

    def __init__(self, sessions: list[Session], talks: bool) -> None:
        self._sessions, self._talks = sessions, talks
        self._late_s: list[float] = []
        self._selector = selectors.DefaultSelector()
        for session in sessions:
            self._selector.register(session.socket, selectors.EVENT_READ, session)

    def run(self, settle_s: float, window_s: float) -> Load:
        """Blocks for both times."""
        schedule = Schedule(time.monotonic() + 0.05, len(self._sessions))
        first, end = schedule.steps(settle_s), schedule.steps(settle_s + window_s)
        self._send(schedule, 0, first)
        self._late_s.clear()
        before = self._reply_bytes()
        print("open", flush=True)
        self._send(schedule, first, end)
        print("shut", flush=True)
        now = time.monotonic()
        waits_s = self._waits_s(schedule.due(first) - GRACE_S, schedule.due(end) - GRACE_S, now)
        return Load(
            window_s=now - schedule.due(first),
            late_p99_s=percentile(self._late_s, 0.99),
            waits_s=waits_s,
            reply_bytes=self._reply_bytes() - before,
            lost=sum(not session.is_open for session in self._sessions),
            errors=sum(session.errors for session in self._sessions),
        )

    def leave(self) -> None:
        """Say goodbye and wait shortly for the server to have heard it."""
        for session in self._sessions:
            session.send(GOODBYE)
        until = time.monotonic() + 2.0
        while self._selector.get_map() and (left_s := until - time.monotonic()) > 0:
            self._read(left_s)
        for session in self._sessions:
            session.socket.close()

    def _send(self, schedule: Schedule, step: int, end: int) -> None:
        while step < end:
            due = schedule.due(step)
            now = time.monotonic()
            if due > now:
                self._read(due - now)
                continue
            number, frame_number = schedule.place(step)
            session = self._sessions[number]
            voiced = self._talks and is_voiced(frame_number)
            session.send(VOICE if voiced else SILENCE)
            self._late_s.append(time.monotonic() - due)
            if voiced and is_last_voiced(frame_number):
                session.asked_at = due
            step += 1

    def _read(self, timeout_s: float) -> None:
        for key, _ in self._selector.select(timeout_s):
            session: Session = key.data
            if not session.read():
                self._selector.unregister(session.socket)

    def _reply_bytes(self) -> int:
        return sum(session.reply_bytes for session in self._sessions)

    def _waits_s(self, since: float, until: float, now: float) -> list[float]:
        """Of the turns that ended in this time: what the answers took, or how long each waits by now."""
        answers = [answer for session in self._sessions for answer in session.answers]
        open_since = [session.asked_at for session in self._sessions if session.asked_at is not None]
        answers += [(asked_at, now - asked_at) for asked_at in open_since]
        return [wait_s for asked_at, wait_s in answers if since <= asked_at < until]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--sessions", type=int, required=True)
    parser.add_argument("--talk", action="store_true", help=f"each user speaks once in {PERIOD_S:g} s")
    parser.add_argument("--typed", default="", help="a text message that each sends first")
    parser.add_argument("--settle", type=float, default=PERIOD_S, help="seconds before the window")
    parser.add_argument("--window", type=float, default=PERIOD_S, help="seconds")
    options = parser.parse_args()
    try:
        sessions = [Session(options.url, options.typed) for _ in range(options.sessions)]
    except (OSError, WireFault) as fault:
        print(fault, file=sys.stderr)
        return 1
    with suppress(PermissionError):
        # Neighbours must not make the load late; it sleeps most of the time.
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    generator = Generator(sessions, options.talk)
    load = generator.run(options.settle, options.window)
    generator.leave()
    print(json.dumps(dataclasses.asdict(load)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
