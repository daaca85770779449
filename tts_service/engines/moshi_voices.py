"""Which voices there are: files of a checkpoint's folder, or of Kyutai's collection."""

import re
from collections.abc import Callable
from pathlib import Path

from chassis.faults import NotReady, Unsupported

IN_COLLECTION = re.compile(r"[A-Za-z0-9][\w.-]*(?:/[A-Za-z0-9][\w.-]*)+")
DEFAULT_NAMES = ("", "default")
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
"""Some of hf.co/kyutai/tts-voices; any other of it may be named as well."""


class VoiceFolder:
    """`folder` None: the collection, whose files `fetch` downloads once. Names are without the suffix."""

    def __init__(self, folder: Path | None, suffix: str, fetch: Callable[[str], Path]) -> None:
        self._folder, self._suffix, self._fetch = folder, suffix, fetch
        self.names = self._list()
        if not self.names:
            raise NotReady(f"{folder} has no voices: put files ending in {suffix} there")

    def _list(self) -> tuple[str, ...]:
        if self._folder is None:
            return COLLECTION
        found = sorted(self._folder.rglob(f"*{self._suffix}"))
        names = (str(path.relative_to(self._folder)).removesuffix(self._suffix) for path in found)
        return tuple(name.removeprefix("voices/") for name in names)

    def choose(self, name: str) -> str:
        """A voice's own name for what a client calls it. Raises Unsupported, naming what there is."""
        if name in DEFAULT_NAMES:
            return self.names[0]
        if name in self.names or (self._folder is None and IN_COLLECTION.fullmatch(name)):
            return name
        raise Unsupported(f"there is no voice {name[:80]!r}; there are {', '.join(self.names[:20])}")

    def find(self, name: str) -> Path:
        """The file. Downloads it, where it is of the collection."""
        if self._folder is None:
            return self._fetch(name)
        for path in (
            self._folder / f"{name}{self._suffix}",
            self._folder / "voices" / f"{name}{self._suffix}",
        ):
            if path.is_file():
                return path
        raise NotReady(f"the file of voice {name!r} is gone")
