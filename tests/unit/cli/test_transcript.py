"""`parley transcript` shows what was said and heard, and says in words when there is nothing to show."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from tests.support.redis_server import RedisServer, redis_server

SESSION = "6f1c0000-0000-4000-8000-000000000000"


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["transcript", *arguments])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as running:
        for turn, said, heard, cut in ((1, "My name is José", "Hello!", "0"), (2, "And", "", "1")):
            fields: Any = {"turn": turn, "user": said, "reply": heard, "heard": heard, "interrupted": cut}
            running.client.xadd(f"parley:transcript:{SESSION}", fields, id=f"{turn}-1")
        running.client.expire(f"parley:transcript:{SESSION}", 600)
        yield running


def test_sessions_are_listed_and_one_is_shown_turn_by_turn(
    server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "cluster.json").write_text(json.dumps({"redis": server.url}))
    status, out, _ = shown(capsys, "--state", str(state))
    assert (status, SESSION in out, "2 turns" in out) == (0, True, True)
    status, out, _ = shown(capsys, SESSION, "--state", str(state))
    assert status == 0
    assert "user:  My name is José\n     heard: Hello!\n" in out
    assert "(interrupted)" in out
    _, out, _ = shown(capsys, SESSION, "--redis", server.url, "--json")
    assert [json.loads(line)["user"] for line in out.splitlines()] == ["My name is José", "And"]


def test_what_is_not_there_is_said(
    server: RedisServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = shown(capsys, "nobody", "--redis", server.url)
    assert (status, "no session 'nobody' is remembered" in err) == (1, True)
    status, _, err = shown(capsys, "--state", str(tmp_path / "nowhere"))
    assert (status, "there is no cluster in" in err) == (1, True)
    status, _, err = shown(capsys, "--redis", "redis://:canary-key@127.0.0.1:1/0")
    assert (status, "Redis does not answer" in err, "canary" in err) == (1, True, False)
