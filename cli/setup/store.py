"""Models on disk, laid out as Hugging Face's libraries lay out theirs, so that every engine finds them.

models--OWNER--NAME/blobs/DIGEST                    contents; DIGEST.incomplete while they come
models--OWNER--NAME/snapshots/COMMIT/PATH           links to them
models--OWNER--NAME/refs/main                       the commit in use, written when all is whole
models--OWNER--NAME/parley/model.json               what was found whole, for a check without a network
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chassis.faults import Unavailable
from cli.setup.plan import Wanted
from cli.setup.repository import File, Listing

CHUNK_BYTES = 4 * 1024 * 1024


class Store:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def place(self, repo: str) -> Path:
        return self._folder / f"models--{repo.replace('/', '--')}"

    def blob(self, repo: str, file: File) -> Path:
        return self.place(repo) / "blobs" / file.digest

    def partial(self, repo: str, file: File) -> Path:
        """The part of a file that has come; libraries before version 1 go on from the same one."""
        return self.place(repo) / "blobs" / f"{file.digest}.incomplete"

    def snapshot(self, repo: str, commit: str) -> Path:
        return self.place(repo) / "snapshots" / commit

    @contextmanager
    def hold(self, repo: str) -> Iterator[None]:
        """Only one process downloads a repository at a time. Raises Unavailable when another does."""
        (self.place(repo) / "blobs").mkdir(parents=True, exist_ok=True)
        with (self.place(repo) / "parley.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Unavailable(f"another parley setup is downloading {repo}; wait for it") from None
            yield

    def publish(self, wanted: Wanted, listing: Listing) -> Path:
        """All files are whole: link them, name the commit, write down what was found. The model's folder."""
        folder = self.snapshot(wanted.repo, listing.commit)
        for file in listing.files:
            self._link(self.blob(wanted.repo, file), folder / file.path)
        _write(self.place(wanted.repo) / "refs/main", listing.commit)
        _write(self._record(wanted), dump(listing))
        return folder

    def _link(self, blob: Path, pointer: Path) -> None:
        pointer.parent.mkdir(parents=True, exist_ok=True)
        target = os.path.relpath(blob, pointer.parent)
        if pointer.is_symlink() and os.readlink(pointer) == target:
            return
        pointer.unlink(missing_ok=True)
        pointer.symlink_to(target)

    def recall(self, wanted: Wanted) -> Listing | None:
        """What was once found whole; None when nothing was. It may have been damaged or removed since."""
        try:
            return load(self._record(wanted).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def sizes(self, models: Iterable[Wanted]) -> dict[str, int]:
        """Bytes by name of the models that were found whole and still have every file at its size."""
        found: dict[str, int] = {}
        for wanted in models:
            listing = self.recall(wanted)
            if listing is not None and self._is_there(wanted.repo, listing):
                found[wanted.name] = sum(file.size for file in listing.files)
        return found

    def _is_there(self, repo: str, listing: Listing) -> bool:
        folder = self.snapshot(repo, listing.commit)
        return all(measure(folder / file.path) == file.size for file in listing.files)

    def _record(self, wanted: Wanted) -> Path:
        name = wanted.file.replace("/", "--") or "model"
        return self.place(wanted.repo) / "parley" / f"{name}.json"


def measure(path: Path) -> int:
    """Its size in bytes, -1 when it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return -1


def is_whole(path: Path, file: File, advance: Callable[[int], None]) -> bool:
    """Size and content are the hub's. `advance` hears how many bytes were read."""
    return measure(path) == file.size and digest_of(path, file, advance) == file.digest


def digest_of(path: Path, file: File, advance: Callable[[int], None]) -> str:
    if len(file.digest) == 64:
        digest = hashlib.sha256()
    else:
        # git names a blob by its kind and length before its content; nothing is kept secret by it
        digest = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    with path.open("rb") as source:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            advance(len(chunk))
    return digest.hexdigest()


def dump(listing: Listing) -> str:
    files = [{"path": file.path, "size": file.size, "digest": file.digest} for file in listing.files]
    return json.dumps({"commit": listing.commit, "files": files}, indent=1)


def load(text: str) -> Listing:
    """Raises ValueError, KeyError or TypeError for what `dump` did not write."""
    stored = json.loads(text)
    files = tuple(File(file["path"], int(file["size"]), file["digest"]) for file in stored["files"])
    return Listing(str(stored["commit"]), files)


def _write(path: Path, text: str) -> None:
    """All of it or nothing, whenever we are killed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
