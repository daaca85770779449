"""The registry of models over HTTP and from the command line, in a running cluster."""

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.cluster_files import free_ports
from tests.limits.own_gateway import own_gateway
from tests.support.cluster import Cluster, cluster, wait_for

ENGINES = {"default": "fake", "listed": "tutor"}
TUTOR = {"model_id": "rules", "engine_type": "tutor", "description": "no weights"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("models"), "fake") as started:
        yield started


def ask(running: Cluster, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{running.url}{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def parley(running: Cluster, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *words, "--url", running.url]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60)


def engine(running: Cluster) -> str:
    return str(running.get("/status")[1]["models"]["llm"]["backend"])


def test_a_registry_is_filled_listed_changed_and_emptied(running: Cluster) -> None:
    assert ask(running, "GET", "/models/")[1]["models"][0]["name"] == "default"
    body = {"model_name": "teacher", "model_config": TUTOR, "set_as_default": True}
    status, added = ask(running, "POST", "/models/", body)
    assert (status, added["success"], added["model_name"]) == (200, True, "teacher")
    flat = {
        "name": "flat",
        "model_id": "a/b",
        "engine_type": "vllm",
        "quantization": "awq",
        "description": "d",
    }
    assert ask(running, "POST", "/models", flat)[0] == 200
    listed = ask(running, "GET", "/models?limit=1&offset=2")[1]
    assert listed["total_count"] == 3
    assert listed["data"] is None
    row = {key: value for key, value in flat.items() if key != "name"}
    assert listed["models"] == [{"name": "flat", **row, "dtype": None, "is_default": False}]
    assert ask(running, "PUT", "/models/flat", {"temperature": 0.1})[1]["data"]["temperature"] == 0.1
    assert ask(running, "GET", "/models/flat")[1]["data"]["is_default"] is False
    assert ask(running, "POST", "/models/default/flat")[0] == 200
    assert ask(running, "DELETE", "/models/flat")[0] == 200
    registry = json.loads((running.state / "model_registry.json").read_text())
    assert registry == {"default_model": "teacher", "models": {"teacher": TUTOR}}


def test_a_model_is_loaded_by_name_answers_and_is_unloaded(running: Cluster) -> None:
    ask(running, "POST", "/models/", {"name": "loadable", **TUTOR})
    status, loaded = ask(running, "POST", "/models/loadable/load", {"force_reload": False})
    assert (status, loaded["model_name"], loaded["engine"]) == (200, "loadable", "tutor")
    assert loaded["memory_usage_mb"] > 1
    wait_for(lambda: engine(running) == "tutor", 5, "the gateway to know")
    asked = {"model": "loadable", "messages": [{"role": "user", "content": "hello, my name is Ana"}]}
    answer = ask(running, "POST", "/v1/chat/completions", asked)[1]
    assert "Ana" in answer["choices"][0]["message"]["content"]
    shown = ask(running, "GET", "/models/loadable/status")[1]["data"]
    assert (shown["system_status"], shown["loaded_models"][0]["name"]) == ("loaded", "loadable")
    status, unloaded = ask(running, "DELETE", "/models/loadable/unload")
    assert (status, unloaded["data"]["status"]) == (200, "unloaded")
    wait_for(lambda: running.get("/ready")[0] == 503, 5, "readiness to fall")
    assert ask(running, "POST", "/models/loadable/unload")[0] == 400
    assert ask(running, "POST", "/models/default/load", {})[1]["engine"] == "fake"
    running.wait_ready()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("POST", "/models/nobody/load", {}, 404, "there is no model 'nobody'"),
        ("DELETE", "/models/nobody/unload", None, 404, "there is no model 'nobody'"),
        ("GET", "/models/nobody", None, 404, "nobody"),
        ("POST", "/models/", {"name": "a b", "model_id": "x"}, 400, "cannot name a model"),
        ("POST", "/models/", {"name": "bad", "model_id": "x", "engine_type": "caffe"}, 400, "engine_type"),
        ("POST", "/models/", {"model_name": "bad", "model_config": 3}, 400, "bad"),
        ("POST", "/models/", [], 422, ""),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    running: Cluster, method: str, path: str, body: Any, status: int, words: str
) -> None:
    code, answer = ask(running, method, path, body)
    assert code == status
    assert words in json.dumps(answer["detail"])


def test_a_model_that_does_not_load_leaves_the_one_before(running: Cluster) -> None:
    ask(running, "POST", "/models/", {"name": "lost", "model_id": "/nowhere", "engine_type": "llama.cpp"})
    status, answer = ask(running, "POST", "/models/lost/load", {})
    assert status == 503
    assert "'/nowhere'" in answer["detail"] or "not installed" in answer["detail"]
    running.wait_ready()
    assert engine(running) == "fake"


def test_the_command_line_adds_loads_and_unloads(running: Cluster) -> None:
    added = parley(running, "model", "add", "--name", "cli", "--model-id", "rules", "--engine", "tutor")
    assert (added.returncode, "parley model load cli" in added.stdout) == (0, True)
    loaded = parley(running, "model", "load", "cli")
    assert (loaded.returncode, "cli is loaded: rules on tutor" in loaded.stdout) == (0, True)
    assert "loaded" in next(
        line for line in parley(running, "model", "list").stdout.splitlines() if line.startswith("cli ")
    )
    tested = parley(running, "run", "test")
    assert (tested.returncode, "tokens per second" in tested.stderr) == (0, True)
    chatted = parley(running, "run", "chat", stdin="hello, my name is Ana\n\n")
    assert (chatted.returncode, "Ana" in chatted.stdout) == (0, True)
    listed = parley(running, "model", "list").stdout.splitlines()
    assert not any("default" in line for line in listed if line.startswith("cli ")), "nobody asked for that"
    unloaded = parley(running, "model", "unload", "cli")
    assert (unloaded.returncode, "given back" in unloaded.stdout) == (0, True)
    removed = parley(running, "model", "remove", "cli")
    assert (removed.returncode, removed.stdout) == (0, "cli was removed\n")
    assert "there is no model 'cli'" in parley(running, "model", "remove", "cli").stderr
    assert parley(running, "model", "load", "default").returncode == 0
    running.wait_ready()


@pytest.mark.parametrize(
    "engine", ["vllm", "llama_cpp", "llama.cpp", "llama-cpp", "LlamaCpp", "transformers"]
)
def test_a_model_whose_engine_is_not_installed_says_what_to_install_and_the_one_before_stays(
    running: Cluster, engine: str
) -> None:
    added = parley(running, "model", "add", "--name", "big", "--model-id", "a/b", "--engine", engine)
    assert added.returncode == 0, added.stderr
    refused = parley(running, "model", "load", "big")
    assert refused.returncode == 1
    assert "is not installed: pip install -e" in refused.stderr
    assert "make .venvs/" in refused.stderr
    assert "LLM_PYTHON=.venvs/" in refused.stderr
    assert parley(running, "model", "remove", "big").returncode == 0
    assert running.get("/ready")[0] == 200


def test_the_command_line_shows_the_cluster_and_clears_its_caches(running: Cluster) -> None:
    shown = parley(running, "system", "status")
    assert shown.returncode == 0
    assert [line.split()[:3] for line in shown.stdout.splitlines()[:2]] == [
        ["stt", "loaded", "fake"],
        ["llm", "loaded", "fake"],
    ]
    cleared = parley(running, "system", "clear-cache")
    assert (cleared.returncode, cleared.stdout.count("MB before")) == (0, 4)


def test_every_replica_is_shown_and_counted(running: Cluster, tmp_path: Path) -> None:
    (port,) = free_ports(1)
    environment = {**os.environ, "LLM_ENGINE": "fake", "LLM_SLOTS": "3", "GRPC_PORT": str(port)}
    second = subprocess.Popen(
        [sys.executable, "-m", "llm_service"], env=environment, stdout=subprocess.DEVNULL
    )
    first = running.layout["grpc"]["llm"]
    try:
        with own_gateway(running, tmp_path, {"LLM_ADDRESSES": f"{first},127.0.0.1:{port}"}) as gateway:

            def shown() -> str:
                command = [sys.executable, "-m", "cli.main", "system", "status", "--url", gateway.url]
                return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout

            wait_for(lambda: "259 of 259 slots free" in shown(), 20, "the slots of both replicas")
            lines = shown().splitlines()
            assert any("2 replicas: loaded" in line and line.startswith("llm") for line in lines)
            assert any(f"127.0.0.1:{port} loaded" in line and "3 of 3 slots" in line for line in lines)
            assert any(f"{first} loaded" in line and "256 of 256 slots" in line for line in lines)
    finally:
        second.terminate()
        second.wait(20)


def test_the_command_line_says_why_it_cannot(running: Cluster, tmp_path: Path) -> None:
    refused = parley(running, "model", "load", "nobody")
    assert (refused.returncode, "there is no model 'nobody'" in refused.stderr) == (1, True)
    command = [sys.executable, "-m", "cli.main", "system", "status", "--url", "http://127.0.0.1:9"]
    nobody = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (nobody.returncode, "is the cluster running?" in nobody.stderr) == (1, True)


def test_a_model_whose_name_was_taken_away_while_it_is_loaded_is_still_shown_and_can_be_unloaded(
    running: Cluster,
) -> None:
    parley(running, "model", "add", "--name", "brief", "--model-id", "rules", "--engine", "tutor")
    assert parley(running, "model", "load", "brief").returncode == 0
    wait_for(lambda: engine(running) == "tutor", 5, "the gateway to know")
    removed = parley(running, "model", "remove", "brief")
    assert "it stays loaded until another is, or: parley model unload brief" in removed.stdout
    loaded = [line for line in shown_models(running) if line.endswith(" loaded")]
    assert [line.split()[:3] for line in loaded] == [["brief", "tutor", "rules"]]
    unloaded = parley(running, "model", "unload", "brief")
    assert (unloaded.returncode, "brief is unloaded" in unloaded.stdout) == (0, True)
    tested = parley(running, "run", "test")
    assert (tested.returncode, "is not loaded" in tested.stderr) == (1, True), tested.stderr
    assert parley(running, "model", "load", "default").returncode == 0
    running.wait_ready()


def test_whatever_is_listed_answers_and_is_loaded_for_it_where_it_is_not(running: Cluster) -> None:
    ask(running, "POST", "/models/", {"name": "listed", **TUTOR})
    ask(running, "POST", "/models/", {"name": "hopeless", "model_id": "/nowhere", "engine_type": "llama.cpp"})
    names = [row["name"] for row in ask(running, "GET", "/models/")[1]["models"]]
    assert names[0] == "default"
    assert "listed" in names
    for name in ("listed", "default", "listed"):
        body = chat(running, name)
        made_by = body["generation_stats"]["model_info"]["engine_type"]
        assert (body["success"], made_by) == (True, ENGINES[name])
    lost = chat(running, "hopeless")
    assert lost["success"] is False
    assert "'/nowhere'" in lost["error"] or "not installed" in lost["error"]
    assert chat(running, "listed")["success"] is True, "the one before is back"
    assert chat(running, "default")["success"] is True
    for name in ("listed", "hopeless"):
        ask(running, "DELETE", f"/models/{name}")


def chat(running: Cluster, name: str) -> dict[str, Any]:
    status, body = ask(running, "POST", "/inference/chat", {"model_name": name, "message": "my name is Ana"})
    assert status == 200
    return body


def test_the_services_own_model_is_shown_while_it_is_loaded_whatever_was_added(running: Cluster) -> None:
    parley(running, "model", "add", "--name", "other", "--model-id", "rules", "--engine", "tutor")
    loaded = [line.split()[0] for line in shown_models(running) if line.endswith(" loaded")]
    assert loaded == ["default"]


def test_a_registry_without_entries_names_the_services_own_model_by_the_name_that_loads_it(
    tmp_path: Path,
) -> None:
    with cluster(tmp_path, "fake") as started:
        ask(started, "POST", "/models/", {"name": "brief", **TUTOR})
        assert ask(started, "POST", "/models/brief/load", {})[0] == 200
        wait_for(lambda: engine(started) == "tutor", 5, "the gateway to know")
        assert ask(started, "DELETE", "/models/brief")[0] == 200
        own = next(row for row in ask(started, "GET", "/models/")[1]["models"] if row["is_default"])
        assert own["name"] == "default"
        loaded = parley(started, "model", "load")
        assert (loaded.returncode, "default is loaded" in loaded.stdout) == (0, True), loaded.stderr
        refused = parley(started, "model", "load", "brief")
        assert "none yet but 'default'" in refused.stderr


def shown_models(running: Cluster) -> list[str]:
    return parley(running, "model", "list").stdout.splitlines()
