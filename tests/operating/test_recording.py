"""A session that was recorded is replayed by the command, with what really was said and heard in it."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client import talking_to
from tests.support.cluster import Cluster, wait_for

pytestmark = pytest.mark.timeout(60)


def replay(*arguments: str | Path) -> str:
    """What the command prints where no cluster is."""
    command = [sys.executable, "-m", "cli.main", "replay", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


async def converse(running: Cluster) -> str:
    """One turn that is heard to its end and one that is cut short. The session's id."""
    async with talking_to(f"{running.ws}/v1/conversation?record=true") as client:
        connected = await client.wait_type("connected")
        assert connected["recorded"] is True
        await client.send(type="text", text="first")
        await client.wait_type("turn_complete")
        await client.send(type="text", text="second")
        await client.wait(lambda m: m["type"] == "ai_audio_start" and m["turn"] == 2)
        await client.send(type="cancel")
        await client.wait_type("flush")
        return str(connected["session_id"])


async def test_a_recorded_session_is_replayed_as_it_was(fake: Cluster) -> None:
    session = await converse(fake)
    folder = fake.state / "event_logs"
    path = folder / f"{session}.jsonl"
    wait_for(lambda: path.exists() and b'{"end":"closed"}' in path.read_bytes(), 10, "the end of the log")
    assert [stat.S_IMODE(place.stat().st_mode) for place in (path, folder)] == [0o600, 0o700]
    assert list(folder.iterdir()) == [path], "nobody else here asked for it"
    steps = [json.loads(line) for line in replay(path, "--json").splitlines()]
    commands = [command for step in steps[1:-1] for command in step["commands"]]
    turns = [command for command in commands if command["command"] == "CommitTurn"]
    assert [(turn["user_text"], turn["interrupted"]) for turn in turns] == [
        ("first", False),
        ("second", True),
    ]
    assert turns[0]["heard_text"].strip() == "This is the fake reply to turn 1."
    assert steps[-1] == {"end": "closed"}
    shown = replay(path)
    assert "TextTyped text='second'" in shown
    assert shown.endswith("the session ended here\n")
    assert "2 turns, 1 interrupted" in replay(path, path)
