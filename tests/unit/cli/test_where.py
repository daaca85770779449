"""Every command finds the cluster it stands beside, and takes any of its addresses, and one key."""

import argparse
import json
import sys
from pathlib import Path

import pytest

from cli import where
from cli.main import parser
from cli.where import CONVERSATION, DEFAULT, Place, Refused, find_state, find_url, place_of, read_url

COMMANDS = [
    ["talk", "speech.wav"],
    ["model", "list"],
    ["model", "add", "--name", "a", "--model-id", "b"],
    ["model", "load"],
    ["model", "unload", "a"],
    ["model", "remove", "a"],
    ["run", "chat"],
    ["run", "test"],
    ["system", "status"],
    ["system", "clear-cache"],
]


def cluster_in(folder: Path, port: int) -> Path:
    state = folder / ".parley"
    state.mkdir(parents=True)
    (state / "cluster.json").write_text(json.dumps({"url": f"http://127.0.0.1:{port}"}))
    return state


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster is beside the tests' own environment."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "elsewhere" / ".venv"))
    monkeypatch.delenv("PARLEY_KEY", raising=False)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_the_same_address_state_and_key(words: list[str], tmp_path: Path) -> None:
    given = ["--url", "http://host:1/", "--key", "abc"]
    assert place_of(parser().parse_args([*words, *given])) == Place("http://host:1", "abc")
    state = cluster_in(tmp_path, 4321)
    assert place_of(parser().parse_args([*words, "--state", str(state)])) == Place("http://127.0.0.1:4321")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("localhost", "http://localhost"),
        ("ws://127.0.0.1:8000/v1/conversation", "http://127.0.0.1:8000"),
        ("wss://voice.example.com/v1/conversation?level=beginner", "https://voice.example.com"),
        ("https://voice.example.com/some/page", "https://voice.example.com"),
        ("HTTP://Host:80", "http://host:80"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        (" http://host:1\n", "http://host:1"),
    ],
)
def test_any_form_of_the_address_is_one(written: str, url: str) -> None:
    assert read_url(written) == Place(url, "", CONVERSATION)


def test_the_pages_address_brings_its_key_and_a_websockets_its_path() -> None:
    assert read_url("http://host:1/#key=a%2Fb+c=").key == "a/b+c="
    assert read_url("ws://host:1/ws/conversation").conversation == "ws://host:1/ws/conversation"
    assert read_url("https://host").conversation == "wss://host/v1/conversation"


@pytest.mark.parametrize(
    "written", ["ftp://host", "http://", "http://host:port", "http://a:secret@host", "http://ho\x07st", "//"]
)
def test_an_address_that_is_none_is_told_how_to_write_one(written: str) -> None:
    with pytest.raises(Refused, match=DEFAULT) as refused:
        read_url(written)
    assert "secret" not in str(refused.value)


def test_the_cluster_here_comes_before_the_one_beside_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_url(None) == DEFAULT
    cluster_in(tmp_path / "checkout", 2)
    for environment in (".venv", ".venvs/vllm"):
        monkeypatch.setattr(sys, "prefix", str(tmp_path / "checkout" / environment))
        assert find_url(None) == "http://127.0.0.1:2"
    cluster_in(tmp_path / "here", 1)
    assert find_url(None) == "http://127.0.0.1:1"


def test_a_state_folder_without_a_cluster_is_said_to_have_none(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="make run STATE="):
        find_url(tmp_path)
    cluster_in(tmp_path, 1)
    (tmp_path / ".parley" / "cluster.json").write_text("{")
    with pytest.raises(Refused, match="make run STATE="):
        find_url(tmp_path / ".parley")


def test_the_key_is_taken_from_the_environment_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARLEY_KEY", "from-outside")
    assert place_of(parser().parse_args(["talk", "a.wav"])).key == "from-outside"
    assert place_of(parser().parse_args(["talk", "a.wav", "--key", "given"])).key == "given"


@pytest.mark.parametrize("key", ["canary\r", "canary\nx", " canary", "canary-é"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(Refused, match="PARLEY_KEY") as refused:
        place_of(argparse.Namespace(url=DEFAULT, state=None, key=key))
    assert "canary" not in str(refused.value)


def test_why_nobody_answers_is_told_in_our_words() -> None:
    assert where.why_unreachable(ConnectionRefusedError(111, "x")) == "nobody listens there"
    assert where.why_unreachable(ValueError("Invalid header value b'Bearer canary'")) == "ValueError"


@pytest.mark.parametrize("words", [["up", "--state", ""], ["model", "list", "--state", ""]], ids=" ".join)
def test_an_empty_name_of_a_state_folder_is_wrong_usage_and_not_the_folder_here(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
    assert "name a folder" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["nan", "inf", "-5", "0", "soon"])
def test_a_time_to_wait_that_is_none_is_wrong_usage(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["talk", "speech.wav", "--timeout", given])
    assert ended.value.code == 2
    assert "seconds" in capsys.readouterr().err


def test_the_transcripts_beside_the_command_are_found_as_its_cluster_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "tree" / ".venv"))
    state = cluster_in(tmp_path / "tree", 4321)
    assert find_state(None) == state
    assert find_state(tmp_path) == tmp_path
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "nowhere" / ".venv"))
    assert find_state(None) == Path(where.STATE)
