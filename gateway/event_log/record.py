"""One session's event log while it is written: lines wait in memory, a thread takes them to the disk.

Whoever notes never waits and never fails. What cannot be kept ends the log, with one warning, and nothing
else.
"""

import os
from collections import deque
from pathlib import Path

from chassis.logs import get_logger
from gateway.event_log.lines import End, Entry, Head, line_of

log = get_logger(__name__)
WAITING_BYTES = 256 * 1024
"""Besides a first line. More than a disk that works leaves waiting; hundreds may have as much."""
ONLY_OURS = 0o600
END_BYTES = len(line_of(End.CLOSED))


class Record:
    """`note` and `close` are the event loop's, `write` is the thread's, one at a time.

    `most_bytes`: of the file.
    """

    def __init__(self, path: Path, head: Head, most_bytes: int) -> None:
        self._path, self._session, self._most_bytes = path, head.session, most_bytes
        self._waiting: deque[bytes] = deque()
        self._taken = self._written = 0
        """Bytes: the first is counted by the loop alone, the second by the thread alone."""
        self._is_over = self._is_begun = False
        self._failed = ""
        first = self._line(head)
        self._most_waiting = WAITING_BYTES + len(first)
        if len(first) + END_BYTES > most_bytes:
            self._fail("what its session goes on from is more than EVENT_LOG_SESSION_MB")
        self._append(first)

    @property
    def is_done(self) -> bool:
        """Nothing comes any more, and nothing waits."""
        return bool(self._failed) or (self._is_over and not self._waiting)

    @property
    def is_begun(self) -> bool:
        """There is a file."""
        return self._is_begun

    def note(self, entry: Entry) -> None:
        if self._is_over or not (line := self._line(entry)):
            return
        if self._taken - self._written + len(line) > self._most_waiting:
            self._fail("the disk does not keep up")
        elif self._taken + len(line) + END_BYTES > self._most_bytes:
            self._end(End.FULL)
        else:
            self._append(line)

    def close(self) -> None:
        """The session is over."""
        self._end(End.CLOSED)

    def _end(self, end: End) -> None:
        if not self._is_over:
            self._is_over = True
            self._append(line_of(end))

    def _line(self, part: Head | Entry) -> bytes:
        """Empty: it cannot be written, and the log has ended."""
        try:
            return line_of(part)
        except Exception as error:  # whatever an event may hold, people go on talking
            self._fail(f"{type(part).__name__} cannot be written: {type(error).__name__}")
            return b""

    def _append(self, line: bytes) -> None:
        self._taken += len(line)
        self._waiting.append(line)

    def _fail(self, reason: str) -> None:
        """From either side; the first reason is told."""
        self._is_over = True
        if not self._failed:
            self._failed = reason
            log.warning("event log ended", session=self._session, reason=reason)

    # ------------------------------------------------------------------ the thread's

    def write(self) -> None:
        """All that waits, to the file."""
        lines = []
        while self._waiting:
            lines.append(self._waiting.popleft())
        if not lines or self._failed:
            return
        data = b"".join(lines)
        try:
            self._append_to_file(data)
        except OSError as error:
            self._fail(f"{self._path} cannot be written: {error.strerror or type(error).__name__}")
        self._written += len(data)

    def _append_to_file(self, data: bytes) -> None:
        """One that somebody removed meanwhile is not begun again: it would have no head."""
        begin = 0 if self._is_begun else os.O_CREAT | os.O_EXCL
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | begin, ONLY_OURS)
        try:
            self._is_begun = True
            while data:
                data = data[os.write(file, data) :]
        finally:
            os.close(file)
