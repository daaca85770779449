"""Hugging Face's hub through its library: what a repository holds, and one file of it.

Versions of the library from 1 on throw a broken download away when their process ends. A partial file is
therefore ours: this asks only for the bytes that are not there yet. Neither tokens nor addresses, which may
be signed, reach a message.
"""

import errno
import io
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from chassis.faults import Fault, InvalidArgument, Unavailable
from cli.setup.findings import gigabytes
from cli.setup.repository import File, Listing

ASK_S = 10.0
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR)
WORTH_ANOTHER_TRY = (408, 425, 429)


class Hub(Protocol):
    """Both raise Unavailable for what may pass, InvalidArgument for what the operator must put right."""

    def list_files(self, repo: str) -> Listing: ...

    def fetch(self, repo: str, commit: str, file: File, target: Path, advance: Callable[[int], None]) -> None:
        """Bring `target`, which may be there in part, to its whole length. What came stays on failure."""
        ...


class HuggingFace:
    """`token`: empty means the one that `hf auth login` left, if any.

    Raises InvalidArgument when the library is not installed.
    """

    def __init__(self, token: str) -> None:
        try:
            from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]
            from huggingface_hub.utils import logging as library_log
        except ImportError:
            raise InvalidArgument(
                "models are downloaded with huggingface_hub, which is missing: pip install -e '.[setup]'"
            ) from None
        library_log.set_verbosity(logging.CRITICAL)  # it would print addresses
        disable_progress_bars()  # we draw our own, of all that is there
        self._token = token or None

    def list_files(self, repo: str) -> Listing:
        from huggingface_hub import HfApi

        failures: tuple[type[Exception], ...] = (*_failures(), ValueError, TypeError, KeyError)
        try:
            info = HfApi(token=self._token).model_info(repo, files_metadata=True, timeout=ASK_S)
        except failures as error:
            raise explain(error, repo) from None
        try:
            files = tuple(
                File(item.rfilename, item.lfs.size, item.lfs.sha256)
                if item.lfs
                else File(item.rfilename, -1 if item.size is None else item.size, item.blob_id or "")
                for item in info.siblings or []
            )
            return Listing(str(info.sha), files)
        except ValueError as error:
            raise InvalidArgument(f"the hub's list of {repo} makes no sense: {error}") from None

    def fetch(self, repo: str, commit: str, file: File, target: Path, advance: Callable[[int], None]) -> None:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.constants import MAX_HTTP_DOWNLOAD_SIZE
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

        if file.size > MAX_HTTP_DOWNLOAD_SIZE:
            raise InvalidArgument(
                f"{file.path} of {repo} is {gigabytes(file.size)}, more than the hub sends in one piece; "
                "choose a model in smaller files"
            )
        headers = {**build_hf_headers(token=self._token), "accept-encoding": "identity"}
        url = hf_hub_url(repo, file.path, revision=commit)
        try:
            with CountedFile(target, advance) as partial:
                http_get(
                    url,
                    partial,
                    resume_size=partial.seek(0, io.SEEK_END),
                    headers=headers,
                    expected_size=file.size,
                )
        except _failures() as error:
            raise explain(error, repo) from None


class CountedFile(io.FileIO):
    """A file that says how many bytes came to it, fewer than none when it is cut."""

    def __init__(self, path: Path, advance: Callable[[int], None]) -> None:
        path.touch()
        super().__init__(path, "r+")
        self._advance = advance

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        """All of it: a raw file may take less than it is given."""
        left = memoryview(data)
        while left:
            taken = super().write(left)
            self._advance(taken)
            left = left[taken:]
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """A server that sends the whole again makes the library cut what was there."""
        before = os.fstat(self.fileno()).st_size
        after = super().truncate(size)
        self._advance(after - before)
        return after


def _failures() -> tuple[type[Exception], ...]:
    """What the library raises: its own, and by its version those of requests or of httpx2."""
    from huggingface_hub.errors import HfHubHTTPError

    kinds = (kind for kind in HfHubHTTPError.__mro__ if issubclass(kind, Exception))
    return (OSError, *(kind for kind in kinds if kind is not Exception))


def explain(error: Exception, repo: str) -> Fault:
    """Whose doing it is, in one line without an address."""
    from huggingface_hub.constants import ENDPOINT
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
    )

    hub = urlsplit(ENDPOINT).hostname or "the hub"
    match error:
        case GatedRepoError():
            return InvalidArgument(
                f"{repo} is gated: accept its terms on {hub}, then set HF_TOKEN to a token of that account"
            )
        case RepositoryNotFoundError():
            return InvalidArgument(
                f"{hub} knows no model {repo}, or it is private: check the name, or set HF_TOKEN"
            )
        case HFValidationError():
            return InvalidArgument(f"{repo!r} is no name of a model on {hub}; write it owner/name")
        case OfflineModeIsEnabled():
            return Unavailable("HF_HUB_OFFLINE forbids asking the hub; unset it to download")
        case HfHubHTTPError():
            return _explain_status(error.response.status_code, hub, repo)
        case ValueError() | TypeError() | KeyError():
            return Unavailable(f"{hub} does not answer as a hub does; check HF_ENDPOINT and your proxy")
        case OSError() if error.errno in FULL:
            return InvalidArgument("the disk is full: make room, or choose another with --cache DIR")
        case OSError() if error.errno in CLOSED:
            return InvalidArgument(
                f"cannot write where models go ({error.strerror}); choose with --cache DIR"
            )
        case _:
            return Unavailable(f"the connection to {hub} failed ({type(error).__name__}); check the network")


def _explain_status(status: int, hub: str, repo: str) -> Fault:
    if status in WORTH_ANOTHER_TRY or status >= 500:
        return Unavailable(f"{hub} answered with status {status} for {repo}; try later")
    if status in (401, 403):
        return InvalidArgument(f"{hub} refuses {repo} (status {status}): check HF_TOKEN")
    return InvalidArgument(f"{hub} answered with status {status} for {repo}; check the name")
