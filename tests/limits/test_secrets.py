"""Secrets of a running cluster: with wrong keys, wrong servers and dead ones none is anywhere to be seen."""

import asyncio
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
import redis
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from cli.cluster_files import free_ports
from tests.support.cluster import Cluster, cluster
from tests.support.telltale_server import MODES, telltale_server

pytestmark = pytest.mark.timeout(180)
CANARY = "canary"
KEY = "canary-of-the-door/+="
OPERATOR = "canary-of-the-operator"
SECRETS = {
    "ADMIN_KEYS": OPERATOR,
    "API_KEYS": f"{KEY},canary-of-another",
    "LLM_API_KEY": 'canary-of-the-model"\\x',
    "GPU_LEASE_REDIS_URL": "redis://canary-user:canary-of-the-lease@127.0.0.1:1/0",
    "HF_TOKEN": "canary-of-the-hub",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20canary-of-the-collector",
    "LOG_LEVEL": "DEBUG",
    "LLM_ENGINE": "openai",
    "LLM_MODEL_NAME": "telltale",
}
PATHS = (
    "/",
    "/health",
    "/ready",
    "/status",
    "/gpu",
    "/system/status",
    "/models",
    "/models/loaded",
    "/v1/models",
)


def ask(running: Cluster, path: str, key: str = "", body: bytes | None = None) -> str:
    """Headers and body of whatever is answered."""
    request = urllib.request.Request(f"{running.url}{path}", body, {"Content-Type": "application/json"})
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return f"{answer.headers}{answer.read().decode()}"
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.headers}{error.read().decode()}"


def knock(running: Cluster) -> None:
    """Wrong keys in every place where one can be put."""
    wrong = f"{CANARY}-that-is-wrong"
    for path in PATHS:
        ask(running, f"{path}?api_key={wrong}", wrong)

    async def open_socket(**offered: object) -> None:
        with pytest.raises(InvalidStatus):
            await connect(f"{running.ws}/v1/conversation?key={wrong}", **offered)  # type: ignore[arg-type]

    asyncio.run(open_socket(additional_headers={"Authorization": f"Bearer {wrong}"}))
    asyncio.run(open_socket(subprotocols=[f"bearer.{wrong}"]))


def everything_seen(running: Cluster) -> dict[str, str]:
    """What anybody could read, with a key or without, and all that lies in the state folder."""
    seen = {f"GET {path}": ask(running, path, key) for path in PATHS for key in ("", OPERATOR)}
    seen |= {f"metrics of {name}": running.metrics(name) for name in running.layout["metrics"]}
    files = (path for path in running.state.rglob("*") if path.is_file())
    seen |= {str(path): path.read_bytes().decode(errors="replace") for path in files}
    with redis.Redis.from_url(running.layout["redis"]) as store:
        seen |= {f"redis {key!r}": repr(store.dump(key)) for key in store.scan_iter()}
        seen["redis log"] = repr(store.slowlog_get(100)) + repr(store.client_list())
    return seen


def assert_unseen(seen: Mapping[str, str]) -> None:
    found = {
        place: text[max(text.lower().find(CANARY) - 200, 0) :][:500]
        for place, text in seen.items()
        if CANARY in text.lower()
    }
    assert found == {}


def test_no_secret_of_a_cluster_is_seen_whatever_its_language_models_server_does(tmp_path: Path) -> None:
    chat = b'{"model": "telltale", "messages": [{"role": "user", "content": "Hello"}]}'
    answers: dict[str, str] = {}
    with telltale_server() as server:
        environment = {**SECRETS, "LLM_BASE_URL": server.url}
        with cluster(tmp_path / "state", "fake", environment) as running:
            assert "Hello there." in ask(running, "/v1/chat/completions", KEY, chat)
            knock(running)
            for mode in MODES[1:]:
                server.mode = mode
                answers[f"chat with {mode}"] = ask(running, "/v1/chat/completions", KEY, chat)
                answers[f"stream with {mode}"] = ask(
                    running, "/v1/chat/completions", KEY, chat.replace(b"{", b'{"stream": true, ', 1)
                )
            for mode in ("401", "500", "page", "cut", "good"):
                server.mode = mode
                body = b'{"force_reload": true}'
                answers[f"load with {mode}"] = ask(running, "/models/default/load", OPERATOR, body)
                answers[f"status after {mode}"] = ask(running, "/status", OPERATOR)
            server.mode = "500"
            ask(running, "/models/default/load", OPERATOR, b'{"force_reload": true}')
            seen = everything_seen(running)
            running.stop()
            output = running.output()
    assert_unseen({**answers, **seen, "what parley up printed": output})
    assert "failed" in seen["GET /status"]


STARTS = {
    "a carriage return": {"LLM_API_KEY": "canary-of-windows\r"},
    "a key at the door with a line end": {"API_KEYS": "canary\nof-the-door"},
    "a lease's address that makes no sense": {"GPU_LEASE_REDIS_URL": "redis://:can/canary@127.0.0.1:1/0"},
    "a dead server": {"LLM_BASE_URL": "http://canary:canary@127.0.0.1:1/v1"},
}


@pytest.mark.parametrize("wrong", STARTS.values(), ids=STARTS)
def test_a_start_that_fails_shows_no_secret(tmp_path: Path, wrong: Mapping[str, str]) -> None:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "cli.main", "up", "--port", str(port), "--profile", "fake"]
    said = subprocess.run(
        [*command, "--state", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **SECRETS, **wrong},
        check=False,
    )
    assert said.returncode == 1
    (variable,) = wrong
    assert variable in said.stderr or "does not answer" in said.stderr
    files = {str(path): path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()}
    assert_unseen({**files, "output": said.stdout + said.stderr})
