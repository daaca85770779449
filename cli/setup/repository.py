"""Which files of a model's repository an engine reads, and what each must be. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from chassis.faults import InvalidArgument
from cli.setup.engines import Weights
from cli.setup.plan import Wanted

COMMIT = re.compile(r"[0-9a-f]{40}")
DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
OTHER_FORMATS = frozenset(
    {"original", "onnx", "openvino", "coreml", "mlx", "metal", "tflite", "flax", "gguf", "runs", "figures"}
)
"""Folders in which repositories keep the same weights for other libraries, or pictures."""
SIDE_FILES = frozenset({".json", ".txt", ".model", ".tiktoken", ".jinja", ".py", ".yaml"})
PICKLED = frozenset({".bin", ".pt", ".pth"})
VOICES = ("expresso/", "vctk/", "cml-tts/fr/")
"""Folders of Kyutai's collection: the voices that the service lists are in these."""
TRAINING = re.compile(r"training_args|optimizer|scheduler|rng_state|trainer_state")


@dataclass(frozen=True, slots=True)
class File:
    """`digest`: the hub's own name for the content; 64 digits are its SHA-256, 40 those of git's blob."""

    path: str
    size: int
    digest: str

    def __post_init__(self) -> None:
        """Raises ValueError for what a hub must not send, such as a path that leaves its folder."""
        parts = PurePosixPath(self.path).parts
        if not parts or parts[0] == "/" or ".." in parts or "\0" in self.path:
            raise ValueError(f"{self.path!r} is not a path inside a repository")
        if not DIGEST.fullmatch(self.digest) or self.size < 0:
            raise ValueError(f"{self.path!r} has no digest or size that can be verified")


@dataclass(frozen=True, slots=True)
class Listing:
    """A repository at one commit, so that all files belong together."""

    commit: str
    files: tuple[File, ...]

    def __post_init__(self) -> None:
        """Raises ValueError: the commit becomes a folder's name."""
        if not COMMIT.fullmatch(self.commit):
            raise ValueError(f"{self.commit!r} is not a commit")


def choose_files(wanted: Wanted, files: Sequence[File]) -> tuple[File, ...]:
    """Raises InvalidArgument when there are no weights among them that the engine reads."""
    if wanted.file:
        return _choose_one(wanted, files)
    readable = [file for file in files if not _is_beside_the_point(file.path)]
    if wanted.weights is Weights.VOICES:
        voices = tuple(file for file in files if _is_voice(file.path))
        if not voices:
            raise InvalidArgument(f"{wanted.repo} has no voices in {', '.join(VOICES)}")
        return voices
    if wanted.weights is Weights.CTRANSLATE2:
        weights = [file for file in readable if file.path == "model.bin"]
    else:
        weights = _choose_weights(readable)
    if not weights:
        raise InvalidArgument(f"{wanted.repo} has no weights as {wanted.weights.value}; name another model")
    side = [file for file in readable if PurePosixPath(file.path).suffix in SIDE_FILES]
    return tuple(sorted({*side, *weights}, key=lambda file: file.path))


def _choose_one(wanted: Wanted, files: Sequence[File]) -> tuple[File, ...]:
    found = tuple(file for file in files if file.path == wanted.file)
    if not found:
        there = ", ".join(file.path for file in files if file.path.endswith(".gguf")) or "none"
        raise InvalidArgument(f"{wanted.repo} has no {wanted.file}; its GGUF files are: {there[:500]}")
    return found


def _is_voice(path: str) -> bool:
    return path.startswith(VOICES) and path.endswith(".safetensors")


def _is_beside_the_point(path: str) -> bool:
    *folders, name = PurePosixPath(path).parts
    return bool(OTHER_FORMATS & set(folders)) or bool(TRAINING.search(name)) or name.startswith(".")


def _choose_weights(files: Sequence[File]) -> list[File]:
    """safetensors where there are any; of those, not the second copy that Mistral's repositories carry."""
    by_suffix = [(PurePosixPath(file.path), file) for file in files]
    safe = [(path, file) for path, file in by_suffix if path.suffix == ".safetensors"]
    split = [file for path, file in safe if not path.name.startswith("consolidated")]
    pickled = [file for path, file in by_suffix if path.suffix in PICKLED]
    return split or [file for _, file in safe] or pickled
