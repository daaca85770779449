"""The event logs of a gateway: a folder, one file a session, bounded in number and age.

The event loop never waits for the disk: a thread writes what has come, twice a second.
"""

import asyncio
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chassis.logs import get_logger
from chassis.threads import run_beside
from gateway.event_log.lines import Head
from gateway.event_log.record import Record

log = get_logger(__name__)
WRITE_S = 0.5
TIDY_S = 300.0
NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\.jsonl")
"""Of a log. Nothing else in the folder is ever removed."""
FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True)
class Bounds:
    """`session_bytes`: of one log; what comes after is not kept. `files`: the oldest go first."""

    session_bytes: int
    files: int
    ttl_s: float


class EventLogs:
    """`begin` never waits and never fails; `run` does the writing. `write` and `tidy` are its thread's."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self._folder, self._bounds = folder, bounds
        self._records: set[Record] = set()
        self._written = asyncio.Event()
        self._written.set()
        self._has_warned = False

    def begin(self, head: Head) -> Record:
        """A session's, which closes it."""
        record = Record(self._folder / f"{head.session}.jsonl", head, self._bounds.session_bytes)
        self._records.add(record)
        self._written.clear()
        return record

    async def run(self) -> None:
        """Write until cancelled, and see to it that old logs go."""
        loop, tidied = asyncio.get_running_loop(), float("-inf")
        log.info("event logs are kept of sessions whose client allows it", folder=str(self._folder))
        while True:
            if loop.time() - tidied >= TIDY_S:
                tidied = loop.time()
                await run_beside(self.tidy, lambda _: None, "event logs")
            if self._records:
                await self._write_beside()
            await asyncio.sleep(WRITE_S)

    async def finish(self, timeout_s: float) -> None:
        """Once the sessions are over: give what waits a last chance to be written."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._written.wait()
        except TimeoutError:
            log.error("event logs were not written", sessions=len(self._records))

    async def _write_beside(self) -> None:
        records = tuple(self._records)
        await run_beside(lambda: self.write(records), lambda _: None, "event logs")
        self._records -= {record for record in records if record.is_done}
        if not self._records:
            self._written.set()

    # ------------------------------------------------------------------ the thread's

    def write(self, records: Iterable[Record]) -> None:
        for record in records:
            if not record.is_begun:
                self._make_room()
            record.write()

    def tidy(self) -> None:
        """Remove the logs that are too old."""
        oldest = time.time() - self._bounds.ttl_s
        for written_at, path in self._logs():
            if written_at < oldest:
                self._remove(path)

    def _make_room(self) -> None:
        """For one more file, in a folder that is there. What does not work the writing will tell."""
        with suppress(OSError):
            self._folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        logs = sorted(self._logs())
        for _, path in logs[: max(len(logs) + 1 - self._bounds.files, 0)]:
            self._remove(path)

    def _logs(self) -> list[tuple[float, Path]]:
        """When each was last written to."""
        found = []
        with suppress(OSError):
            for path in self._folder.iterdir():
                with suppress(OSError):  # another gateway may have removed it just now
                    if NAME.fullmatch(path.name):
                        found.append((path.stat().st_mtime, path))
        return found

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            if not self._has_warned:
                self._has_warned = True
                log.warning("event logs are not tidied", reason=f"{path} cannot be removed: {error.strerror}")
