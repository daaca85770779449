"""Bring models here and see that they are whole: resumed where they broke off, fetched anew where damaged."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from chassis.faults import InvalidArgument, Unavailable
from cli.setup.findings import gigabytes
from cli.setup.hub import Hub
from cli.setup.plan import Wanted
from cli.setup.progress import Progress
from cli.setup.repository import File, Listing, choose_files
from cli.setup.store import Store, is_whole, measure

PAUSES_S = (1.0, 3.0, 9.0)
"""Before each further try when nothing came; as soon as something came they start anew."""
SPARE_BYTES = 100_000_000
"""A disk is not filled to its last byte."""
SHOWN_BYTES = 50_000_000
"""Smaller files are verified before anybody could read that they are."""
FETCHES = 2
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Downloaded:
    """`fetched`: how many of its bytes had to come over the network."""

    name: str
    folder: Path
    files: int
    size: int
    fetched: int


class Downloader:
    def __init__(
        self, store: Store, hub: Hub, progress: Progress, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._store, self._hub, self._progress, self._pause = store, hub, progress, pause

    def download(self, wanted: Wanted) -> Downloaded:
        """The model is here and whole. Raises Fault with what to do."""
        try:
            # Before anything is made: a name that nobody knows leaves nothing behind.
            listing = self._list_files(wanted)
            with self._store.hold(wanted.repo):
                return self._download(wanted, listing)
        except OSError as error:
            raise InvalidArgument(
                f"{wanted.repo} cannot be stored: {error.strerror or error}; choose a place with --cache DIR"
            ) from None

    def _download(self, wanted: Wanted, listing: Listing) -> Downloaded:
        damaged = self._find_damaged(wanted, listing)
        self._check_space(wanted, damaged)
        fetched = 0
        for number, file in enumerate(damaged, start=1):
            label = f"{number}/{len(damaged)} {file.path}"
            fetched += self._fetch_whole(wanted, listing.commit, file, label)
        folder = self._store.publish(wanted, listing)
        size = sum(file.size for file in listing.files)
        return Downloaded(wanted.name, folder, len(listing.files), size, fetched)

    def _list_files(self, wanted: Wanted) -> Listing:
        """What the hub has today; while it cannot be reached, what was found whole before."""
        known = self._store.recall(wanted)
        try:
            if known is None:
                listing = self._persist(lambda: self._hub.list_files(wanted.repo), lambda: 0)
            else:
                listing = self._hub.list_files(wanted.repo)
        except Unavailable as fault:
            if known is None:
                raise
            self._progress.note(f"{fault}; verifying what is here")
            return known
        return Listing(listing.commit, choose_files(wanted, listing.files))

    def _find_damaged(self, wanted: Wanted, listing: Listing) -> list[File]:
        """The files that are not here, or not as the hub has them."""
        return [file for file in listing.files if not self._is_whole(wanted.repo, file)]

    def _is_whole(self, repo: str, file: File) -> bool:
        blob = self._store.blob(repo, file)
        if measure(blob) < 0:
            return False
        if self._verify(blob, file):
            return True
        self._progress.note(f"{file.path} is damaged; it is fetched anew")
        blob.unlink()
        return False

    def _verify(self, path: Path, file: File) -> bool:
        if file.size < SHOWN_BYTES:
            return is_whole(path, file, lambda _: None)
        with self._showing(f"verifying {file.path}", file.size):
            return is_whole(path, file, self._progress.advance)

    def _check_space(self, wanted: Wanted, files: Sequence[File]) -> None:
        here = sum(max(measure(self._store.partial(wanted.repo, file)), 0) for file in files)
        needed = sum(file.size for file in files) - here
        place = self._store.place(wanted.repo)
        free = shutil.disk_usage(place).free
        if needed and needed + SPARE_BYTES > free:
            raise InvalidArgument(
                f"{wanted.name} needs {gigabytes(needed)} more, {place.parent} has {gigabytes(free)} free: "
                "make room, or choose another place with --cache DIR"
            )

    def _fetch_whole(self, wanted: Wanted, commit: str, file: File, label: str) -> int:
        """How many bytes came. Raises Unavailable when the hub's file is never what its list says."""
        partial, came = self._store.partial(wanted.repo, file), 0
        for _ in range(FETCHES):
            came += self._fetch(wanted.repo, commit, file, partial, label)
            if self._verify(partial, file):
                partial.replace(self._store.blob(wanted.repo, file))
                return came
            self._progress.note(f"{file.path} came damaged")
            partial.unlink()
        raise Unavailable(f"{file.path} of {wanted.repo} came damaged {FETCHES} times; try again later")

    def _fetch(self, repo: str, commit: str, file: File, partial: Path, label: str) -> int:
        """Try until the file has its length, each time from where the last broke off."""
        if measure(partial) > file.size:
            partial.unlink()
        began = max(measure(partial), 0)
        with self._showing(label, file.size, began):
            self._persist(
                lambda: self._hub.fetch(repo, commit, file, partial, self._progress.advance),
                lambda: measure(partial),
            )
        return measure(partial) - began

    def _persist(self, attempt: Callable[[], T], reached: Callable[[], int]) -> T:
        """Try again with longer and longer pauses, for as long as `reached` grows. Raises the last Fault."""
        pauses, before = iter(PAUSES_S), reached()
        while True:
            try:
                return attempt()
            except Unavailable as fault:
                if reached() > before:
                    pauses, before = iter(PAUSES_S), reached()
                pause_s = next(pauses, None)
                if pause_s is None:
                    raise
                self._progress.note(f"{fault}; trying again in {pause_s:g} s")
                self._pause(pause_s)

    @contextmanager
    def _showing(self, what: str, total: int, done: int = 0) -> Iterator[None]:
        self._progress.begin(what, total, done)
        try:
            yield
        finally:
            self._progress.end()
