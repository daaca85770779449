"""Visitors and the operator: what changes the cluster, or tells what it is made of, is not for visitors."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from cli.cluster_files import free_ports
from tests.limits.own_gateway import Gateway, own_gateway
from tests.support.cluster import Cluster

VISITOR, ADMIN = "canary-visitor-7f3a9c", "canary-operator-2b8d11"
OPERATORS = (
    ("POST", "/models/load"),
    ("POST", "/models/unload"),
    ("POST", "/models"),
    ("POST", "/models/"),
    ("PUT", "/models/x"),
    ("DELETE", "/models/x"),
    ("POST", "/models/default/x"),
    ("POST", "/models/x/load"),
    ("POST", "/models/x/unload"),
    ("DELETE", "/models/x/unload"),
    ("POST", "/system/cache/clear"),
    ("GET", "/system/status"),
    ("GET", "/status"),
    ("GET", "/gpu"),
    ("HEAD", "/status"),
)
VISITORS = (("GET", "/v1/models"), ("GET", "/v1/voices"), ("GET", "/models"))
EVERYBODYS = (("GET", "/"), ("GET", "/health"), ("GET", "/ready"))
HARMLESS = (("GET", "/status"), ("GET", "/gpu"), ("GET", "/system/status"), ("POST", "/models/load"))
"""Of the operator's: what can be asked for without a change."""


def ask(gateway: Gateway, method: str, path: str, key: str = "") -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.request(method, f"{gateway.url}{path}", headers=headers, timeout=10)


@pytest.fixture(scope="module")
def both(door: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    settings = {"API_KEYS": VISITOR, "ADMIN_KEYS": f"{ADMIN}, canary-operator-5e5e5e"}
    with own_gateway(door, tmp_path_factory.mktemp("both"), settings) as gateway:
        yield gateway


@pytest.mark.parametrize(("method", "path"), OPERATORS)
def test_what_is_the_operators_is_refused_to_a_visitor_and_to_a_stranger(
    both: Gateway, method: str, path: str
) -> None:
    for key, status in ((VISITOR, 403), ("", 401), (f"{ADMIN}x", 401)):
        answer = ask(both, method, path, key)
        assert answer.status_code == status
        assert method == "HEAD" or "ADMIN_KEYS" in answer.json()["detail"]
        assert not any(secret in answer.text for secret in (VISITOR, ADMIN))


@pytest.mark.parametrize(("method", "path"), HARMLESS)
def test_what_is_the_operators_is_open_to_an_admin_key(both: Gateway, method: str, path: str) -> None:
    assert ask(both, method, path, ADMIN).status_code == 200


@pytest.mark.parametrize(("method", "path"), VISITORS)
def test_what_is_the_visitors_is_open_to_both_kinds_of_key(both: Gateway, method: str, path: str) -> None:
    assert [ask(both, method, path, key).status_code for key in (VISITOR, ADMIN, "")] == [200, 200, 401]


def test_a_visitor_is_shown_and_served_what_is_loaded_and_the_operator_sees_the_rest(
    door: Cluster, tmp_path: Path
) -> None:
    settings = {"API_KEYS": VISITOR, "ADMIN_KEYS": ADMIN, "MODEL_REGISTRY": str(tmp_path / "registry.json")}
    with own_gateway(door, tmp_path, settings) as gateway:
        added = {"name": "other", "model_id": "rules", "engine_type": "tutor"}
        headers = {"Authorization": f"Bearer {ADMIN}"}
        assert httpx.post(f"{gateway.url}/models/", json=added, headers=headers).status_code == 200
        listed = {key: ask(gateway, "GET", "/models/", key).json() for key in (VISITOR, ADMIN)}
        names = {key: [row["name"] for row in body["models"]] for key, body in listed.items()}
        assert names == {VISITOR: ["default"], ADMIN: ["default", "other"]}
        assert listed[VISITOR]["total_count"] == 1
        question = {"model_name": "other", "message": "hello"}
        headers = {"Authorization": f"Bearer {VISITOR}"}
        body = httpx.post(f"{gateway.url}/inference/chat", json=question, headers=headers).json()
        assert body["success"] is False
        assert body["error"].startswith("model_name 'other' is not served here; served: ")
        assert body["error"].endswith("; only the operator may load another")


@pytest.mark.parametrize(("method", "path"), EVERYBODYS)
def test_probes_and_the_page_ask_nobody(both: Gateway, method: str, path: str) -> None:
    assert ask(both, method, path).status_code == 200


ADMINLESS: tuple[Mapping[str, str], ...] = (
    {"API_KEYS": VISITOR},
    {"API_KEYS": VISITOR, "HOST": "0.0.0.0"},
    {"ALLOW_ANONYMOUS": "true", "HOST": "0.0.0.0"},
)


@pytest.mark.parametrize("settings", ADMINLESS, ids=lambda settings: ",".join(settings))
def test_without_admin_keys_nobody_is_the_operator_where_others_can_come_in(
    door: Cluster, tmp_path: Path, settings: Mapping[str, str]
) -> None:
    """Whatever the address that they come from: a proxy on this machine makes everybody's a loopback one."""
    with own_gateway(door, tmp_path, settings) as gateway:
        for method, path in OPERATORS:
            answer = ask(gateway, method, path, VISITOR)
            assert answer.status_code == 403, (method, path)
            assert method == "HEAD" or "set ADMIN_KEYS" in answer.json()["detail"]
        assert ask(gateway, "GET", "/v1/models", VISITOR).status_code == 200


def test_on_loopback_without_any_keys_everything_is_open(door: Cluster) -> None:
    for path in ("/status", "/gpu", "/system/status"):
        assert door.get(path)[0] == 200
    assert httpx.post(f"{door.url}/system/cache/clear", timeout=10).status_code == 200


@pytest.mark.parametrize("variable", ["API_KEYS", "ADMIN_KEYS"])
@pytest.mark.parametrize(
    "given", [",", " ", " , ,", "canary7", f"{VISITOR},short", "canary secret-key", "canary-key-with\rreturn"]
)
def test_keys_that_are_none_stop_the_start_and_are_not_shown(variable: str, given: str) -> None:
    (port,) = free_ports(1)
    clean = {k: v for k, v in os.environ.items() if k not in ("API_KEYS", "ADMIN_KEYS")}
    ended = subprocess.run(
        [sys.executable, "-m", "gateway"],
        env={**clean, "HOST": "0.0.0.0", "ALLOW_ANONYMOUS": "true", "PORT": str(port), variable: given},
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 2
    assert f"{variable}=…" in said
    assert "canary" not in said
    assert "short" not in said
