"""Which files of a repository an engine reads, and what a hub must not make us write."""

import pytest

from chassis.faults import InvalidArgument
from cli.setup.engines import Weights
from cli.setup.plan import Wanted
from cli.setup.repository import File, Listing, choose_files
from tts_service.engines.moshi_voices import COLLECTION

MODEL = Wanted("llm", "owner/name", Weights.TRANSFORMERS)
DIGEST = "0" * 64


def chosen(*paths: str, wanted: Wanted = MODEL) -> set[str]:
    return {file.path for file in choose_files(wanted, [File(path, 1, DIGEST) for path in paths])}


@pytest.mark.parametrize(
    ("files", "left_out"),
    [
        ({"config.json", "merges.txt", "model.safetensors"}, {"README.md", ".gitattributes", "logo.png"}),
        ({"a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors"}, {"pytorch_model.bin"}),
        ({"model.safetensors"}, {"onnx/model.safetensors", "original/consolidated.00.pth", "gguf/a.json"}),
        ({"model.safetensors"}, {"consolidated.safetensors"}),
        ({"consolidated.safetensors", "params.json", "tekken.json"}, set()),
        ({"pytorch_model.bin", "config.json"}, {"training_args.bin", "optimizer.pt", "trainer_state.json"}),
        ({"model.safetensors", "chat_template.jinja", "tokenizer.model", "modeling_own.py"}, {"tf_model.h5"}),
        ({"model.safetensors", "vocab/words.json"}, {"runs/events.json", "model.onnx"}),
    ],
)
def test_an_engine_gets_what_it_reads_and_nothing_else(files: set[str], left_out: set[str]) -> None:
    assert chosen(*files, *left_out) == files


@pytest.mark.parametrize("paths", [(), ("config.json",), ("model.gguf", "config.json")])
def test_a_repository_without_weights_is_refused(paths: tuple[str, ...]) -> None:
    with pytest.raises(InvalidArgument, match="owner/name has no weights"):
        chosen(*paths)


def test_of_gguf_files_the_named_one_alone_is_chosen() -> None:
    wanted = Wanted("llm", "owner/name", Weights.GGUF, "q4/a.gguf")
    assert chosen("q4/a.gguf", "q8/a.gguf", "config.json", wanted=wanted) == {"q4/a.gguf"}


def test_of_a_collection_the_voices_that_the_service_lists_are_chosen() -> None:
    wanted = Wanted("tts", "owner/voices", Weights.VOICES)
    kept = {f"{name}.1e68beda@240.safetensors" for name in COLLECTION}
    assert chosen(*kept, "README.md", *COLLECTION, "others/x.safetensors", wanted=wanted) == kept
    with pytest.raises(InvalidArgument, match="owner/voices has no voices"):
        chosen("others/x.safetensors", wanted=wanted)


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../x.json", "a/../../x.json", "a\0b"])
def test_a_path_that_leaves_the_repository_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        File(path, 1, DIGEST)


@pytest.mark.parametrize(("size", "digest"), [(-1, DIGEST), (1, ""), (1, "../../x"), (1, "A" * 64)])
def test_a_file_that_cannot_be_verified_is_refused(size: int, digest: str) -> None:
    with pytest.raises(ValueError, match="verified"):
        File("model.safetensors", size, digest)


@pytest.mark.parametrize("commit", ["", "main", "../../x", "c" * 39])
def test_a_commit_that_is_none_is_refused(commit: str) -> None:
    with pytest.raises(ValueError, match="not a commit"):
        Listing(commit, ())
