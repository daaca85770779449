"""The cluster in containers, on a real Docker engine: as small, as closed and as hard to kill as promised."""

import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.memory.redis_memory import transcript_key
from tests.containers.conftest import Started
from tests.containers.docker import Containers, added_megabytes, docker, inspect
from tests.containers.talking import ask
from tests.contracts.deploy.compose import PROFILES, read
from tests.support.spoken import EASY
from tests.support.words import plain

pytestmark = pytest.mark.timeout(900)
EMBEDDED = ("gateway", "stt", "llm", "tts", "analysis")
RUNNING = (*EMBEDDED, "redis", "prometheus")
MOST_MEGABYTES = 350
PRIVATE = {"stt": 50051, "llm": 50052, "tts": 50053, "analysis": 50054, "redis": 6379, "prometheus": 9090}

each_running = pytest.mark.parametrize("service", RUNNING)


def status_of(process: int) -> dict[str, str]:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


# ---------------------------------------------------------------------- images


@pytest.mark.parametrize("service", EMBEDDED)
def test_an_embedded_image_is_small(images: dict[str, str], service: str) -> None:
    added = added_megabytes(images[service])
    print(f"{images[service]}: {added:.0f} MB over its base")
    assert 0 < added <= MOST_MEGABYTES


@pytest.mark.parametrize("service", [*EMBEDDED, "cli"])
def test_an_image_has_nothing_to_install_with(images: dict[str, str], service: str) -> None:
    inside = docker("run", "--rm", "--network=none", images[service], "ls", "/opt/parley/bin").split()
    assert "python" in inside
    assert not [name for name in inside if name.startswith(("pip", "easy_install", "gcc", "cc"))]
    assert inspect(images[service])["Config"]["User"] == "10001:10001"


def test_an_image_of_an_unknown_variant_is_not_built(images: dict[str, str]) -> None:
    words = ("build", "--network=host", "--file=deploy/docker/stt.Dockerfile", "--build-arg=VARIANT=tpu", ".")
    with pytest.raises(AssertionError, match="VARIANT=tpu is none of embedded, cpu, cuda"):
        docker(*words, timeout_s=300)


@pytest.mark.parametrize("profile", PROFILES)
def test_compose_itself_reads_every_profile_as_our_tests_do(profile: str) -> None:
    chosen = [] if profile == "embedded" else ["--env-file", f"deploy/compose/{profile}.env"]
    whole = yaml.safe_load(Containers("parley-config", 8000).compose(*chosen, "config"))["services"]
    expected = read(profile)["services"]
    assert set(whole) == set(expected)
    for name, service in expected.items():
        given = {key: value or None for key, value in whole[name].get("environment", {}).items()}
        assert given == {key: value or None for key, value in service.get("environment", {}).items()}, name
        assert whole[name]["image"] == service["image"]


# ---------------------------------------------------------------------- a question, an answer


def test_a_question_through_the_published_port_is_answered_aloud(started: Started) -> None:
    answer: dict[str, Any] = started.first_answer
    print(f"all well after {started.well_s:.1f} s, the first answer after {started.answered_s:.1f} s")
    assert plain(answer["transcript"]) == plain(EASY), answer
    assert answer["reply_audio_s"] > 1
    assert answer["errors"] == []


def test_prometheus_sees_every_process(cluster: Containers) -> None:
    await_metric(cluster, "up", dict.fromkeys(EMBEDDED, 1.0))


def test_a_second_ear_is_found_by_whoever_needs_to_know(cluster: Containers) -> None:
    """By the gateway, which gets the names' addresses anew, and by Prometheus; and so is that it has gone."""
    for ears in (2, 1):
        scale = ("up", "--detach", "--no-build", "--no-deps", "--no-recreate", f"--scale=stt={ears}", "stt")
        cluster.compose(*scale)
        await_metric(cluster, 'parley_link_replicas_ready{link="stt"}', {"stt": float(ears)}, "link")
        await_metric(cluster, 'count by (service) (up{service="stt"} == 1)', {"stt": float(ears)})


def await_metric(cluster: Containers, query: str, wanted: dict[str, float], label: str = "service") -> None:
    """Until Prometheus answers this, by a label."""
    ask_it = ("promtool", "query", "instant", "--format=json", "http://127.0.0.1:9090", query)
    deadline = time.monotonic() + 60
    while True:
        samples = json.loads(cluster.execute("prometheus", *ask_it))
        found = {sample["metric"].get(label, ""): float(sample["value"][1]) for sample in samples}
        if found == wanted:
            return
        assert time.monotonic() < deadline, f"{query}: {found}, not {wanted}"
        time.sleep(1)


# ---------------------------------------------------------------------- closed


@each_running
def test_no_process_is_root_or_may_become_it(cluster: Containers, service: str) -> None:
    status = status_of(int(cluster.state(service)["Pid"]))
    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"


@each_running
def test_nothing_can_be_written_beside_its_memory_and_its_volume(cluster: Containers, service: str) -> None:
    shell = (
        "touch /here 2>&1; touch /usr/bin/here 2>&1; touch /opt/here 2>&1; touch /tmp/here && echo in memory"
    )
    said = cluster.execute(service, "sh", "-c", shell, check=False).splitlines()
    assert said[-1] == "in memory"
    assert len(said) == 4
    assert all("Read-only file system" in line for line in said[:3]), said


def test_only_the_gateway_is_published_and_only_on_loopback(cluster: Containers) -> None:
    published = {
        service: [binding for bindings in ports.values() if bindings for binding in bindings]
        for service in RUNNING
        if (ports := inspect(cluster.name(service))["NetworkSettings"]["Ports"])
    }
    assert {service: bindings for service, bindings in published.items() if bindings} == {
        "gateway": [{"HostIp": "127.0.0.1", "HostPort": str(cluster.port)}]
    }


def test_who_stands_outside_reaches_the_gateway_and_nothing_behind_it(cluster: Containers) -> None:
    """From the network that the gateway shares with the world, by name and by address."""
    probe = (
        "import socket, sys\n"
        "for target in sys.argv[1:]:\n"
        "    host, port = target.rsplit(':', 1)\n"
        "    try:\n"
        "        socket.create_connection((host, int(port)), 2).close()\n"
        "        print(target, 'open')\n"
        "    except OSError:\n"
        "        print(target, 'closed')\n"
    )
    behind = [
        f"{host}:{port}" for name, port in PRIVATE.items() for host in (name, address_of(cluster, name))
    ]
    network = f"--network={cluster.project}_public"
    run = ("run", "--rm", network, "parley-gateway:latest", "python", "-c", probe, "gateway:8000", *behind)
    said = dict(line.split() for line in docker(*run, timeout_s=120).splitlines())
    assert said == {"gateway:8000": "open", **dict.fromkeys(behind, "closed")}


def address_of(cluster: Containers, service: str) -> str:
    networks = inspect(cluster.name(service))["NetworkSettings"]["Networks"]
    address: str = networks[f"{cluster.project}_private"]["IPAddress"]
    assert socket.inet_aton(address)
    return address


def test_what_is_behind_the_gateway_has_no_way_out(cluster: Containers) -> None:
    assert inspect(f"{cluster.project}_private")["Internal"] is True
    for service in PRIVATE:
        networks = inspect(cluster.name(service))["NetworkSettings"]["Networks"]
        assert list(networks) == [f"{cluster.project}_private"], service


# ---------------------------------------------------------------------- hard to kill


@pytest.mark.parametrize("service", ["stt", "llm", "tts", "gateway"])
def test_a_killed_container_comes_back_and_people_are_answered_again(
    cluster: Containers, service: str, tmp_path: Path
) -> None:
    killed = cluster.kill(service)
    deadline = time.monotonic() + 60
    while cluster.state(service)["Pid"] in (0, killed) and time.monotonic() < deadline:
        time.sleep(0.2)
    cluster.await_health(service)
    cluster.await_ready()
    assert ask(cluster, tmp_path)["reply_audio_s"] > 1


def test_a_killed_redis_comes_back_with_what_was_said(cluster: Containers, tmp_path: Path) -> None:
    ask(cluster, tmp_path)
    cluster.execute("redis", "sleep", "1.5")  # its log is written every second
    before = transcripts(cluster)
    assert before
    cluster.kill("redis")
    time.sleep(1)
    cluster.await_health("redis")
    assert transcripts(cluster) == before


def transcripts(cluster: Containers) -> set[str]:
    found = cluster.execute("redis", "redis-cli", "--scan", "--pattern", transcript_key("*"))
    return set(found.split())


def test_a_stopped_cluster_leaves_in_peace(cluster: Containers) -> None:
    """The last test: nobody had to be killed, and nobody failed."""
    cluster.compose("stop", "--timeout=25", "gateway", "stt", "llm", "tts", "analysis")
    assert {service: cluster.state(service)["ExitCode"] for service in EMBEDDED} == dict.fromkeys(EMBEDDED, 0)
