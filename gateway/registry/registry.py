"""The registry's file: read when it has changed, checked, and written whole, with a copy of what was kept.

Gateways that share the file take turns by a lock beside it. A file that cannot be read is left alone: nothing
is written over it.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chassis.faults import Fault, InvalidArgument, NotReady
from chassis.logs import get_logger
from gateway.registry.entry import ModelEntry, check_name, read_entry

log = get_logger(__name__)
MAX_BYTES = 4 * 1024 * 1024
MAX_MODELS = 1000
BACKUPS = 10
OWN = "default"
"""The model that the LLM service's own settings choose: always there, never in the file."""


class UnknownModel(InvalidArgument):
    """Nobody has added it."""


class AlreadyThere(InvalidArgument):
    """Its name is taken."""


@dataclass(frozen=True, slots=True)
class Models:
    """What the file says.

    `default`: "" where it is the service's own model. `rest`: what else stands in it, kept as it is, as is
    `own`: a model called default, by which BeautyAI means what we call the service's own.
    """

    default: str = ""
    entries: Mapping[str, ModelEntry] = field(default_factory=dict)
    rest: Mapping[str, Any] = field(default_factory=dict)
    own: Any = None

    def find(self, name: str) -> ModelEntry:
        """Raises UnknownModel, naming those that there are."""
        if name not in self.entries:
            if name == OWN:
                raise UnknownModel(
                    f"{OWN!r} is the model of the service's own settings: it is not in the registry"
                )
            known = ", ".join(self.entries)
            known = known or f"none yet but {OWN!r}; add one with POST /models or parley model add"
            raise UnknownModel(f"there is no model {name[:100]!r}; known: {known}")
        return self.entries[name]


class ModelRegistry:
    """`path` None: there is no file, and nothing can be added. All calls block for a file's time."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._seen: tuple[int, int] | None = None
        self._models = Models()

    def read(self) -> Models:
        """What the file says now. Raises NotReady when it cannot be understood."""
        if self._path is None:
            return Models()
        try:
            stat = self._path.stat()
        except FileNotFoundError:
            return Models()
        if (stat.st_mtime_ns, stat.st_size) != self._seen:
            self._models = parse(self._path)
            self._seen = (stat.st_mtime_ns, stat.st_size)
        return self._models

    def add(self, name: str, fields: Any, as_default: bool = False) -> ModelEntry:
        """Raises InvalidArgument for a bad entry, AlreadyThere for a name that is taken."""
        entry = read_entry(name, fields)

        def change(models: Models) -> Models:
            if name in models.entries:
                raise AlreadyThere(f"there is a model {name!r} already; change it with PUT /models/{name}")
            if len(models.entries) >= MAX_MODELS:
                raise InvalidArgument(f"the registry holds {MAX_MODELS} models at most; remove some first")
            default = name if as_default else models.default
            return replace(models, default=default, entries={**models.entries, name: entry})

        self._change(change)
        return entry

    def put(self, name: str, fields: Mapping[str, Any]) -> ModelEntry:
        """Change some fields of a model; null takes one away. Raises as `add`, and UnknownModel."""
        check_name(name)
        changed: list[ModelEntry] = []

        def change(models: Models) -> Models:
            merged = {**models.find(name).written(), **fields}
            entry = read_entry(name, {key: value for key, value in merged.items() if value is not None})
            changed.append(entry)
            return replace(models, entries={**models.entries, name: entry})

        self._change(change)
        return changed[0]

    def remove(self, name: str) -> None:
        """Raises UnknownModel."""

        def change(models: Models) -> Models:
            models.find(name)
            left = {other: entry for other, entry in models.entries.items() if other != name}
            default = next(iter(left), "") if models.default == name else models.default
            return replace(models, default=default, entries=left)

        self._change(change)

    def choose_default(self, name: str) -> None:
        """Raises UnknownModel."""

        def change(models: Models) -> Models:
            models.find(name)
            return replace(models, default=name)

        self._change(change)

    def _change(self, change: Callable[[Models], Models]) -> None:
        if self._path is None:
            raise InvalidArgument("this gateway keeps no registry: set MODEL_REGISTRY to a file's path")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with _locked(self._path):
                path = self._path.resolve()  # what a link points to is written, not the link
                data = _text(change(parse(path) if path.exists() else Models()))
                _keep_copy(path)
                _write(path, data)
        except OSError as error:
            raise NotReady(f"the registry {self._path} cannot be written: {error.strerror}") from error
        self._seen = None


def parse(path: Path) -> Models:
    """Raises NotReady, saying what is wrong with the file."""
    try:
        data = path.read_bytes()
        if len(data) > MAX_BYTES:
            raise InvalidArgument(f"it has more than {MAX_BYTES} bytes")
        return _models(json.loads(data))
    except (OSError, ValueError, TypeError, RecursionError, Fault) as error:
        reason = str(error) or type(error).__name__
        log.error("registry unreadable", path=str(path), reason=reason)
        raise NotReady(
            f"the model registry {path} cannot be read: {reason}; mend it or move it away"
        ) from error


def _models(parsed: Any) -> Models:
    if not isinstance(parsed, dict) or not isinstance(parsed.get("models"), dict):
        raise InvalidArgument('it must be an object with "models", an object of models by name')
    entries = {name: read_entry(name, fields) for name, fields in parsed["models"].items() if name != OWN}
    default = parsed.get("default_model")
    if default is None or default == OWN:
        default = next(iter(entries), "")
    if default and default not in entries and entries:
        raise InvalidArgument(f"default_model {default!r} is not among its models")
    rest = {key: value for key, value in parsed.items() if key not in ("models", "default_model")}
    return Models(default if entries else "", entries, rest, parsed["models"].get(OWN))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _keep_copy(path: Path) -> None:
    if not path.exists():
        return
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    shutil.copy2(path, path.with_name(f"{path.name}.{stamp}.bak"))
    copies = sorted(path.parent.glob(f"{path.name}.*.bak"))
    for old in copies[:-BACKUPS]:
        old.unlink(missing_ok=True)


def _text(models: Models) -> bytes:
    """The file as it will be. Raises InvalidArgument for one that could not be read again."""
    written = {name: entry.written() for name, entry in models.entries.items()}
    if models.own is not None:
        written[OWN] = models.own
    whole = {**models.rest, "default_model": models.default, "models": written}
    try:
        data = json.dumps(whole, indent=2, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise InvalidArgument("a model's fields hold characters that no file can: half of a pair") from None
    if len(data) > MAX_BYTES:
        raise InvalidArgument(f"the registry would have {len(data)} bytes; {MAX_BYTES} are the most")
    return data


def _write(path: Path, data: bytes) -> None:
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(handle, mode)
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
