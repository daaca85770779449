"""Why a model could not be read or fetched, in words that say what to change."""

import errno
from collections.abc import Iterator

from chassis.secrets import is_about_a_request, words_of

_REFUSED = {"GatedRepoError", "LocalTokenNotFoundError"}
_UNKNOWN = {"RepositoryNotFoundError", "RevisionNotFoundError", "RemoteEntryNotFoundError"}
_UNREACHED = {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "CachedRepoTreeNotFoundError"}
"""Exceptions of huggingface_hub, by name: not every environment has the library."""


def why_not_loaded(error: BaseException) -> str:
    """One sentence, or what the library says about its own work where it is none of the usual."""
    chain = list(_causes(error))
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    if any(isinstance(link, OSError) and link.errno in (errno.ENOSPC, errno.EDQUOT) for link in chain):
        return "no space is left for its weights: make room, or name another folder with MODELS_CACHE_DIR"
    answers = {_status(link) for link in chain}
    if "GatedRepoError" not in names and (names & _UNKNOWN or 404 in answers):
        return "the hub does not have it, or not without a token: check the name, or set HF_TOKEN"
    if names & _REFUSED or answers & {401, 403}:
        return "the hub wants a token that may read it: set HF_TOKEN"
    if names & _UNREACHED or is_about_a_request(error):
        return (
            f"it is not here whole, and the hub cannot be reached ({type(chain[-1]).__name__}): fetch it"
            " where there is a way out, with parley setup --download, or name another hub with HF_ENDPOINT"
        )
    return words_of(error)


def _status(error: BaseException) -> object:
    """Of the answer that it is about, where it is about one: requests and httpx both keep it there."""
    return getattr(getattr(error, "response", None), "status_code", None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error, and what it came of, one after the other."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
