"""`parley up` as the operator meets it: what it refuses and how it says so, what it keeps, how it ends."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from cli.cluster_files import free_ports
from tests.support.client import talking_to
from tests.support.cluster import Cluster, cluster, wait_for

pytestmark = pytest.mark.timeout(120)
STOP_S = 20.0


def up(state: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Start a cluster that is expected not to."""
    command = [sys.executable, "-m", "cli.main", "up", "--state", str(state), *options]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment}
    )


def free_port() -> str:
    return str(free_ports(1)[0])


def test_a_taken_port_is_named_with_the_way_to_choose_another(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = up(tmp_path, "--port", str(port), "--profile", "fake")
    assert refused.returncode == 1
    assert f"port {port}" in refused.stderr
    assert "PORT=" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("port", ["0", "65536", "-1", "eight"])
def test_a_port_that_is_none_is_wrong_usage(tmp_path: Path, port: str) -> None:
    refused = up(tmp_path, f"--port={port}")
    assert refused.returncode == 2
    assert "1 to 65535" in refused.stderr


def test_an_unknown_profile_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    refused = up(tmp_path, "--port", free_port(), "--profile", "quantum")
    assert refused.returncode == 2
    assert "quantum" in refused.stderr
    assert "embedded" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_state_folder_serves_one_cluster_at_a_time(fake: Cluster) -> None:
    before = (fake.state / "cluster.json").read_text()
    refused = up(fake.state, "--port", free_port(), "--profile", "fake")
    assert refused.returncode == 1
    assert str(fake.state) in refused.stderr
    assert "STATE=" in refused.stderr
    assert (fake.state / "cluster.json").read_text() == before
    assert fake.get("/ready")[0] == 200


def test_a_state_folder_that_cannot_be_made_is_said_to_be_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    refused = up(tmp_path / "file" / "state", "--port", free_port(), "--profile", "fake")
    assert refused.returncode == 1
    assert str(tmp_path / "file") in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("variable", "given", "allowed"),
    [
        ("STT_SLOTS", "abc", ("1", "4096")),
        ("STT_END_TRIGGER_MS", "5", ("100", "5000")),
        ("MAX_SESSIONS", "0", ("1", "100000")),
    ],
)
def test_an_impossible_setting_stops_the_start_and_is_explained(
    tmp_path: Path, variable: str, given: str, allowed: tuple[str, str]
) -> None:
    # The profile `fake` sets the slots itself: the operator's value must overrule it.
    profile = "fake" if variable == "STT_SLOTS" else "embedded"
    refused = up(tmp_path, "--port", free_port(), "--profile", profile, **{variable: given})
    assert refused.returncode == 1
    line = next((line for line in refused.stderr.splitlines() if f"{variable}=" in line), refused.stderr)
    assert f"{variable}={given!r}" in line
    for bound in allowed:
        assert bound in line
    assert "Traceback" not in refused.stderr
    assert alive_in(tmp_path) == []


def test_a_model_that_cannot_be_loaded_ends_the_start_with_its_reason(tmp_path: Path) -> None:
    """It is not waited for, as one that loads is."""
    nobody = f"http://127.0.0.1:{free_port()}/v1"
    model = {"LLM_ENGINE": "openai", "LLM_MODEL_NAME": "some-model", "LLM_BASE_URL": nobody}
    refused = up(tmp_path, "--port", free_port(), "--profile", "fake", **model)
    assert refused.returncode == 1
    assert f"a model cannot be loaded: llm: LLM_BASE_URL={nobody} cannot be reached" in refused.stderr
    assert alive_in(tmp_path) == []


def test_ctrl_c_ends_it_and_leaves_no_process_behind(tmp_path: Path) -> None:
    with cluster(tmp_path, "fake") as running:
        supervisor = int((tmp_path / "supervisor.pid").read_text())
        processes = [p := psutil.Process(supervisor), *p.children(recursive=True)]
        assert len(processes) >= 7, "the supervisor, Redis, four services, the gateway"
        began = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - began < STOP_S
        left = [process for process in processes if process.is_running()]
        assert left == []
    assert alive_in(tmp_path) == []


def alive_in(state: Path) -> list[str]:
    """Processes that name the state folder, or are in it."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        command = process.info["cmdline"] or []
        if any(str(state) in part for part in [*command, process.info["cwd"] or ""]):
            found.append(" ".join(command))
    return found


def test_two_clusters_run_side_by_side(embedded: Cluster, fake: Cluster) -> None:
    engines = []
    for running in (embedded, fake):
        status, ready = running.get("/ready")
        assert (status, ready["redis"]) == (200, True)
        engines.append(running.get("/status")[1]["models"]["asr"]["backend"])
    assert engines == ["moonshine", "fake"]


def test_redis_writes_everything_down(fake: Cluster) -> None:
    with redis_of(fake) as store:
        assert store.config_get("appendonly")["appendonly"] == "yes"
        assert store.info("persistence")["aof_enabled"] == 1
    assert any((fake.state / "redis" / "appendonlydir").iterdir())


async def test_a_conversation_leaves_its_record_and_one_entry_per_turn(fake: Cluster) -> None:
    session = await converse(fake, ["first", "second", "third"])
    record_key, transcript_key = f"parley:session:{session}", f"parley:transcript:{session}"
    with redis_of(fake) as store:
        wait_for(lambda: store.hget(record_key, "state") == "closed", 5, "the session's end in Redis")
        record = store.hgetall(record_key)
        entries = store.xrange(transcript_key)
        assert {key: 0 < store.ttl(key) <= 86_400 for key in (record_key, transcript_key)} == {
            record_key: True,
            transcript_key: True,
        }
        assert [key for key in store.scan_iter() if store.ttl(key) < 0] == []
    assert (record["dialect"], record["level"]) == ("parley", "advanced")
    assert [(fields["turn"], fields["user"]) for _, fields in entries] == [
        ("1", "first"),
        ("2", "second"),
        ("3", "third"),
    ]
    for turn, (_, fields) in enumerate(entries, start=1):
        assert fields["reply"].strip() == f"This is the fake reply to turn {turn}."
        assert fields["heard"].strip() == fields["reply"].strip()
        assert fields["interrupted"] == "0"


async def converse(running: Cluster, texts: list[str]) -> str:
    """Type, one whole turn after the other. The session's id."""
    async with talking_to(f"{running.ws}/v1/conversation?level=advanced") as client:
        connected = await client.wait_type("connected")
        for text in texts:
            seen = len(client.messages)
            await client.send(type="text", text=text)
            await client.wait_type("turn_complete", 20, after=seen)
        return str(connected["session_id"])


def redis_of(running: Cluster) -> Any:
    return redis.Redis.from_url(running.layout["redis"], decode_responses=True)
