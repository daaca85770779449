"""What an operator reads when a model does not load."""

import errno

import pytest

from engine_room.load_failures import why_not_loaded


def _named(name: str, of: type[Exception] = Exception, **fields: object) -> Exception:
    """An exception as a library has it that is not installed here."""
    made: Exception = type(name, (of,), fields)("a library's own words")
    return made


def _after(cause: BaseException) -> Exception:
    error = RuntimeError("cannot load")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_wherever_it_was_noticed(number: int) -> None:
    full = OSError(number, "a library's own words")
    for error in (full, _after(full), _after(_after(full))):
        assert why_not_loaded(error) == (
            "no space is left for its weights: make room, or name another folder with MODELS_CACHE_DIR"
        )


class _Answer:
    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_named("GatedRepoError", type("RepositoryNotFoundError", (OSError,), {})), "set HF_TOKEN"),
        (_named("RepositoryNotFoundError", response=_Answer(401)), "check the name"),
        (_named("HTTPError", response=_Answer(401)), "wants a token"),
        (_named("HTTPError", response=_Answer(404)), "check the name"),
        (_named("LocalEntryNotFoundError", FileNotFoundError), "parley setup --download"),
        (_after(_named("OfflineModeIsEnabled", ConnectionError)), "parley setup --download"),
    ],
)
def test_the_hub_is_not_quoted_but_explained(error: Exception, words: str) -> None:
    assert words in why_not_loaded(error)
    assert "own words" not in why_not_loaded(error)


def test_what_a_library_says_of_its_own_work_is_told() -> None:
    assert why_not_loaded(ValueError("the file is no model")) == "the file is no model"


def test_a_ring_of_causes_ends() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert why_not_loaded(one) == "one"
