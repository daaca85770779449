"""The registry's file is never half written, never lost, and never written over when it is not understood."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from chassis.faults import InvalidArgument, NotReady
from gateway.registry.registry import BACKUPS, AlreadyThere, ModelRegistry, UnknownModel

QWEN: dict[str, Any] = {"model_id": "Qwen/Qwen2.5", "engine_type": "vllm", "documentation": {"note": "kept"}}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "model_registry.json"


@pytest.fixture
def registry(path: Path) -> ModelRegistry:
    return ModelRegistry(path)


def copies(path: Path) -> list[Path]:
    return sorted(path.parent.glob("*.bak"))


def test_no_file_is_an_empty_registry(registry: ModelRegistry) -> None:
    assert (registry.read().default, registry.read().entries) == ("", {})


def test_what_is_added_is_there_for_another_reader(registry: ModelRegistry, path: Path) -> None:
    registry.add("qwen", QWEN)
    registry.add("small", {"model_id": "a/b"}, as_default=True)
    models = ModelRegistry(path).read()
    assert models.find("qwen").written() == QWEN
    assert models.default == "small"
    written = json.loads(path.read_text())
    assert written == {
        "default_model": "small",
        "models": {"qwen": QWEN, "small": {"model_id": "a/b", "engine_type": "transformers"}},
    }


def test_no_model_becomes_the_default_unasked(registry: ModelRegistry, path: Path) -> None:
    registry.add("qwen", QWEN)
    registry.add("small", QWEN)
    assert registry.read().default == "", "the service's own stays the default"
    assert ModelRegistry(path).read().default == ""
    registry.choose_default("small")
    assert ModelRegistry(path).read().default == "small"


def test_a_name_is_taken_once(registry: ModelRegistry) -> None:
    registry.add("qwen", QWEN)
    with pytest.raises(AlreadyThere, match="PUT /models/qwen"):
        registry.add("qwen", QWEN)


def test_some_fields_are_changed_and_others_stay(registry: ModelRegistry) -> None:
    registry.add("qwen", {**QWEN, "temperature": 0.2})
    registry.put("qwen", {"top_p": 0.5, "temperature": None})
    assert registry.read().find("qwen").written() == {**QWEN, "top_p": 0.5}
    with pytest.raises(InvalidArgument, match="temperature"):
        registry.put("qwen", {"temperature": 9})
    with pytest.raises(UnknownModel, match="there is no model 'x'; known: qwen"):
        registry.put("x", {})


def test_the_default_moves_on_when_it_is_removed(registry: ModelRegistry) -> None:
    registry.add("one", QWEN, as_default=True)
    registry.add("two", QWEN)
    registry.remove("one")
    assert registry.read().default == "two"
    registry.remove("two")
    assert registry.read().default == ""
    with pytest.raises(UnknownModel, match="none yet"):
        registry.choose_default("two")


def test_a_change_by_hand_is_seen(registry: ModelRegistry, path: Path) -> None:
    registry.add("one", QWEN)
    written = json.loads(path.read_text())
    written["models"]["by-hand"] = QWEN
    written["site"] = "ours"
    path.write_text(json.dumps(written))
    assert "by-hand" in registry.read().entries
    registry.choose_default("by-hand")
    assert json.loads(path.read_text())["site"] == "ours"


def test_what_was_there_is_copied_before_each_write(registry: ModelRegistry, path: Path) -> None:
    registry.add("one", QWEN)
    before = path.read_text()
    registry.add("two", QWEN)
    assert [copy.read_text() for copy in copies(path)] == [before]
    for number in range(BACKUPS + 3):
        registry.put("two", {"temperature": 0.1 + number / 100})
    assert len(copies(path)) == BACKUPS


def test_a_write_that_fails_leaves_the_file_whole(
    registry: ModelRegistry, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add("one", QWEN)
    before = path.read_text()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(NotReady, match="No space left on device"):
        registry.add("two", QWEN)
    assert path.read_text() == before
    assert not [
        name for name in os.listdir(path.parent) if name.startswith(f".{path.name}.") and "lock" not in name
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "Expecting"),
        ("[]", 'an object with "models"'),
        ('{"models": {"one": {}}}', "model 'one': model_id"),
        ('{"models": {"one": {"model_id": "a"}}, "default_model": "two"}', "'two' is not among its models"),
        ("[" * 100_000, "cannot be read"),
        ('{"models": {"one": {"model_id": "a"}}, "default_model": ["a"]}', "cannot be read"),
        ("x" * 5_000_000, "more than"),
    ],
)
def test_a_file_that_is_not_understood_is_named_and_left_alone(
    registry: ModelRegistry, path: Path, text: str, words: str
) -> None:
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(NotReady, match=words):
        registry.read()
    with pytest.raises(NotReady, match=words):
        registry.add("new", QWEN)
    assert path.read_text() == text
    path.write_text('{"models": {}}')
    registry.add("new", QWEN)


def test_gateways_that_write_at_once_lose_nothing(path: Path) -> None:
    def add(number: int) -> None:
        ModelRegistry(path).add(f"model-{number}", QWEN)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ModelRegistry(path).read().entries) == 12


def test_without_a_file_nothing_can_be_added() -> None:
    with pytest.raises(InvalidArgument, match="set MODEL_REGISTRY"):
        ModelRegistry(None).add("one", QWEN)


def test_a_model_that_would_make_the_file_unreadable_is_refused(registry: ModelRegistry, path: Path) -> None:
    registry.add("one", QWEN)
    before = path.read_text()
    for note in ("x" * 5_000_000, "\ud800"):
        with pytest.raises(InvalidArgument):
            registry.add("big", {**QWEN, "note": note})
    assert path.read_text() == before
    assert list(registry.read().entries) == ["one"]


def test_beautyais_own_default_model_is_kept_as_it_is(registry: ModelRegistry, path: Path) -> None:
    path.parent.mkdir()
    own = {"model_id": "what/ever", "engine_type": "caffe"}
    path.write_text(json.dumps({"default_model": "default", "models": {"default": own, "a": QWEN}}))
    assert registry.read().default == "a"
    registry.add("b", QWEN)
    assert json.loads(path.read_text())["models"]["default"] == own


def test_a_write_keeps_the_files_mode_and_follows_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.json"
    real.write_text('{"models": {}}')
    real.chmod(0o640)
    link = tmp_path / "link.json"
    link.symlink_to(real)
    ModelRegistry(link).add("one", QWEN)
    assert link.is_symlink()
    assert "one" in json.loads(real.read_text())["models"]
    assert real.stat().st_mode & 0o777 == 0o640
