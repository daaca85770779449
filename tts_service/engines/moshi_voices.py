"""Which voices there are: files of a checkpoint's folder, or of Kyutai's collection.

Each is found once, when the model is loaded: a reply that names one asks nobody, neither a disk nor a hub.
"""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from chassis.faults import NotReady, Unsupported
from chassis.logs import get_logger

log = get_logger(__name__)
DEFAULT_NAMES = ("", "default")
REPO = "kyutai/tts-voices"
COLLECTION = (
    "expresso/ex03-ex01_happy_001_channel1_334s.wav",
    "expresso/ex04-ex02_confused_001_channel1_499s.wav",
    "expresso/ex01-ex02_default_001_channel2_198s.wav",
    "expresso/ex03-ex01_calm_001_channel1_1143s.wav",
    "vctk/p226_023.wav",
    "vctk/p228_023.wav",
    "cml-tts/fr/1406_1028_000009-0003.wav",
    "cml-tts/fr/2154_2576_000020-0003.wav",
)
"""Those of hf.co/kyutai/tts-voices that are fetched at load where they are not in the cache."""
LISTED = 20

Cached = Callable[[], Mapping[str, Path]]
"""The collection's files in the cache."""
Fetch = Callable[[Iterable[str]], tuple[Mapping[str, Path], str]]
"""Files of the collection from the hub, in bounded time, and why not all came; empty: all did."""


class Voices:
    """Names, the default first, each with its file. `more` says how others come here, in words."""

    def __init__(self, paths: Mapping[str, Path], more: str = "") -> None:
        self._paths, self._more = dict(paths), more
        self.names = tuple(self._paths)

    def choose(self, name: str) -> str:
        """A voice's own name for what a client calls it. Raises Unsupported, naming what there is."""
        if name in DEFAULT_NAMES:
            return self.names[0]
        if name in self._paths:
            return name
        raise Unsupported(
            f"there is no voice {name[:80]!r}; there are {', '.join(self.names[:LISTED])}{self._more}"
        )

    def find(self, name: str) -> Path:
        return self._paths[name]


def voices_of_folder(folder: Path, suffix: str) -> Voices:
    """Names are the files' without the suffix. Raises NotReady when there are none."""
    found = {}
    for path in sorted(folder.rglob(f"*{suffix}")):
        found[str(path.relative_to(folder)).removesuffix(suffix).removeprefix("voices/")] = path
    if not found:
        raise NotReady(f"{folder} has no voices: put files ending in {suffix} there")
    return Voices(found)


def voices_of_collection(suffix: str, wanted: str, cached: Cached, fetch: Fetch) -> Voices:
    """All in the cache; those of COLLECTION and `wanted`, the operator's, are fetched where they are not.

    What cannot be had is told in the log and done without. Raises NotReady when that is all.
    """
    files = dict(cached())
    named = [name for name in (*COLLECTION, wanted) if name not in DEFAULT_NAMES]
    reason = ""
    if missing := [file for name in named if (file := f"{name}{suffix}") not in files]:
        fetched, reason = fetch(missing)
        files.update(fetched)
    if not files:
        raise NotReady(f"there is no voice to speak with: {reason}")
    if reason:
        log.warning("voices are missing", reason=reason, there=len(files))
    known = {file.removesuffix(suffix): path for file, path in files.items()}
    order = [name for name in named if name in known]
    paths = {name: known[name] for name in (*order, *sorted(known))}
    return Voices(paths, f"; more: hf download {REPO} NAME{suffix}, and the model loaded again")
