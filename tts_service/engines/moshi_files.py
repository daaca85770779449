"""A checkpoint's files: of a folder, or of Hugging Face's hub by way of its cache. Used at load alone.

What is in the cache is not asked of the hub again: a hub that hangs holds up no start that can do without.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from huggingface_hub import constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.file_download import repo_folder_name

from chassis.faults import NotReady
from engine_room.load_failures import why_not_loaded

ETAG_S = 5.0
"""For the hub to say what a file is; its library asks six times, with pauses of 23 s in all."""

Files = Callable[[str], Path]
"""The file of this name. Raises NotReady."""


def files_of(name: str) -> tuple[Files, Path | None]:
    """Those of a folder, which comes with them, or of a repository."""
    folder = Path(name).expanduser()
    if not folder.is_dir():
        return lambda file: fetch(name, file), None

    def find(file: str) -> Path:
        if not (folder / file).is_file():
            raise NotReady(f"{name!r} has no {file}: it is no Kyutai checkpoint")
        return folder / file

    return find, folder


def fetch(repo: str, file: str) -> Path:
    """From the cache, else downloaded. Raises NotReady, saying what to change."""
    cached = try_to_load_from_cache(repo, file)
    if isinstance(cached, str):
        return Path(cached)
    try:
        return Path(hf_hub_download(repo, file, etag_timeout=ETAG_S))
    except Exception as error:
        raise NotReady(f"{file} of {repo}: {why_not_loaded(error)}") from error


def cached_files(repo: str, suffix: str) -> dict[str, Path]:
    """All files of a repository that end so and are in the cache, by name; the newest of each."""
    folder = Path(constants.HF_HUB_CACHE) / repo_folder_name(repo_id=repo, repo_type="model") / "snapshots"
    found: dict[str, Path] = {}
    for commit in sorted(folder.glob("*"), key=lambda path: path.stat().st_mtime):
        for path in commit.rglob(f"*{suffix}"):
            if path.is_file():
                found[str(path.relative_to(commit))] = path
    return found


def fetch_within(repo: str, files: Iterable[str], seconds: float) -> tuple[dict[str, Path], str]:
    """Those that came in time, and why no more did; empty: all came. The first failure ends it."""
    found: dict[str, Path] = {}
    reasons: list[str] = []

    def run() -> None:
        for file in files:
            try:
                found[file] = fetch(repo, file)
            except NotReady as fault:
                reasons.append(str(fault))
                return

    thread = threading.Thread(target=run, name="moshi-voices", daemon=True)
    thread.start()
    thread.join(seconds)
    late = f"the hub sent no more of {repo} within {seconds:g} s" if thread.is_alive() else ""
    return dict(found), late or "".join(reasons)
