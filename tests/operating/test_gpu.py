"""GPU slices as the operator meets them: planned before the start, and refused where they are not free."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from chassis.gpu_cards import GB
from cli.cluster_files import free_ports
from engine_room.gpu_claims import claims_key
from engine_room.gpu_lease import lease_key
from protos.parley.v1 import control_pb2 as pb
from protos.parley.v1 import control_pb2_grpc
from tests.support.cluster import wait_for
from tests.support.nvidia_smi import card, put_nvidia_smi
from tests.support.redis_server import redis_server

pytestmark = pytest.mark.timeout(180)
START_S = 60.0


# ---------------------------------------------------------------------- the plan


def plan(*options: str, path: str | None = None) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "gpu", "plan", *options],
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_the_three_services_fit_on_one_card_of_24_gb() -> None:
    done = plan("--gpu", "24")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "GPU 0: 24.0 GB\n"
        "  llm          9.6 GB  Qwen/Qwen2.5-7B-Instruct-AWQ, 21 slots\n"
        "  tts          7.1 GB  kyutai/tts-1.6b-en_fr, 12 slots\n"
        "  stt          5.2 GB  kyutai/stt-1b-en_fr, 16 slots\n"
        "  reserved     2.0 GB\n"
        "  left         0.1 GB\n"
    )


@pytest.mark.parametrize("card", ["16", "80", "141"])
def test_other_cards_are_filled_and_their_settings_printed(card: str) -> None:
    done = plan("--gpu", card)
    assert (done.returncode, done.stderr) == (0, "")
    told = plan("--gpu", card, "--env")
    assert told.returncode == 0
    variables = dict(line.split("=", 1) for line in told.stdout.splitlines())
    assert f"kyutai/stt-1b-en_fr, {variables['STT_SLOTS']} slots" in done.stdout
    assert variables["LLM_MODEL_NAME"] in done.stdout


def test_a_plan_that_does_not_fit_fails_and_says_by_how_much() -> None:
    done = plan("--gpu", "16", "--model", "llm=Qwen/Qwen2.5-7B-Instruct-AWQ")
    assert done.returncode == 1
    assert (
        "stt does not fit: kyutai/stt-1b-en_fr, 1 slot needs 3.5 GB of GPU 0, 1.9 GB more than are left"
        in done.stdout
    )
    smaller = plan("--gpu", "16")
    assert "Qwen/Qwen2.5-7B-Instruct-AWQ does not fit beside ear and voice" in smaller.stdout


def test_services_are_spread_over_several_cards() -> None:
    done = plan("--gpu", "16", "--gpu", "12", "--json")
    assert done.returncode == 0
    made = json.loads(done.stdout)
    assert made["fits"] is True
    assert [sorted(held["slices"]) for held in made["cards"]] == [["stt", "tts"], ["llm"]]
    writer = made["cards"][1]
    assert (writer["gpu"], writer["total_gb"], writer["reserved_gb"]) == (1, 12.0, 2.0)
    assert writer["left_gb"] + writer["slices"]["llm"] == pytest.approx(10)
    assert made["slots"]["stt"] == 16


def test_slices_and_the_reserve_can_be_said() -> None:
    options = ("--slice", "llm=20", "--slice", "stt=0", "--slice", "second=0.5", "--reserved", "0", "--json")
    done = plan("--gpu", "24", *options)
    assert done.returncode == 1
    made = json.loads(done.stdout)
    assert made["cards"][0]["slices"] == {"llm": 20.0}
    assert made["short"] == [
        {"service": "second", "gpu": 0, "needs_gb": 12.0, "short_gb": 8.0},
        {"service": "tts", "gpu": 0, "needs_gb": pytest.approx(5.209), "short_gb": pytest.approx(1.209)},
    ]


def test_the_cards_of_this_machine_are_planned_where_none_is_named(tmp_path: Path) -> None:
    done = plan(path=put_nvidia_smi(tmp_path, [card(0, 24, 20), card(1, 48, 48)]))
    assert done.returncode == 0
    assert "GPU 1: 48.0 GB" in done.stdout
    none = plan(path=put_nvidia_smi(tmp_path, []))
    assert none.returncode == 1
    assert "say what there is: --gpu 24" in none.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--gpu", "big"), "no amount of memory"),
        (("--gpu", "24", "--slice", "llm"), "is not SERVICE=AMOUNT"),
        (("--gpu", "24", "--slots", "stt=none"), "no number of slots"),
        (("--gpu", "24", "--slots", "stt=0"), "no number of slots"),
        (("--gpu", "24", "--slots", "analysis=3"), "has no model on a GPU"),
        (("--gpu", "24", "--model", "stt"), "is not SERVICE=NAME"),
        (("--gpu", "24", "--slice", "llm=-1"), "no part of a GPU"),
        (("--gpu", "24", "--reserved", "much"), "no amount of memory"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(options: tuple[str, ...], said: str) -> None:
    done = plan(*options)
    assert done.returncode == 2
    assert said in done.stderr


# ---------------------------------------------------------------------- a service


class Service:
    """A running service whose engine wants 8 GB."""

    def __init__(self, process: "subprocess.Popen[bytes]", address: str, metrics: int, log: Path) -> None:
        self._process, self._log, self._metrics = process, log, metrics
        self._channel = grpc.insecure_channel(address)
        self.control = control_pb2_grpc.ModelControlStub(self._channel)

    def status(self) -> pb.ModelStatus:
        return self.control.Status(pb.StatusRequest(), timeout=START_S, wait_for_ready=True)

    def reach(self, state: "pb.ModelState.ValueType") -> pb.ModelStatus:
        """Fails at once where it ends up in the other of the two final states."""
        final = (pb.MODEL_STATE_READY, pb.MODEL_STATE_FAILED)
        wait_for(lambda: self.status().state in final, START_S, "it to be loaded or refused")
        status = self.status()
        assert status.state == state, status.detail
        return status

    def lines(self, event: str) -> list[dict[str, Any]]:
        written = [json.loads(line) for line in self._log.read_text().splitlines()]
        return [line for line in written if line["event"] == event]

    def metric(self, name: str) -> float:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._channel.close()
        if self._process.poll() is None:
            self._process.terminate()
            assert self._process.wait(20) == 0


@contextmanager
def service(folder: Path, path: str, environment: Mapping[str, str], port: int = 0) -> Iterator[Service]:
    free, metrics = free_ports(2)
    port = port or free
    settings = {"GRPC_PORT": str(port), "METRICS_PORT": str(metrics), "DRAIN_S": "0", "PATH": path}
    around = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}
    log = folder / f"{port}.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.gpu_service"],
            env={**around, **settings, **environment},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    running = Service(process, f"127.0.0.1:{port}", metrics, log)
    try:
        yield running
        running.stop()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_an_over_committed_service_refuses_to_load_until_there_is_room(tmp_path: Path) -> None:
    smi = tmp_path / "smi"
    path = put_nvidia_smi(smi, [card(0, 24, 6.3)])
    with service(tmp_path, path, {}) as running:
        failed = running.reach(pb.MODEL_STATE_FAILED)
        assert "needs 8.0 GB of GPU 0, 6.3 GB are free, 2.0 GB are reserved: 3.7 GB short" in failed.detail
        assert failed.slice_bytes == 8 * GB
        assert running.lines("loading") == [], "it never began"

        put_nvidia_smi(smi, [card(0, 24, 10.1)])
        loaded = running.control.Load(pb.LoadRequest(), timeout=20)
        assert loaded.state == pb.MODEL_STATE_READY
        (granted,) = running.lines("granted")
        assert (granted["bytes"], granted["card"]) == (8 * GB, "0")
        assert running.metric("parley_gpu_slice_bytes") == 8 * GB


def test_the_operator_chooses_card_slice_and_reserve(tmp_path: Path) -> None:
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 1), card(1, 24, 6.1)])
    environment = {"GPU_INDEX": "1", "GPU_SLICE": "0.25", "GPU_MEMORY_RESERVED_GB": "0"}
    with service(tmp_path, path, environment) as running:
        running.reach(pb.MODEL_STATE_READY)
        (granted,) = running.lines("granted")
        assert granted["card"] == "1"
        assert granted["bytes"] == pytest.approx(6 * GB, rel=0.001)


def test_a_service_waits_while_another_loads_and_goes_on_when_that_one_died(tmp_path: Path) -> None:
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 20)])
    with redis_server(tmp_path) as redis:
        redis.client.set(lease_key("GPU-0-test"), "another's", px=60_000)
        with service(tmp_path, path, {"GPU_LEASE_REDIS_URL": redis.url}) as running:
            wait_for(lambda: running.status().detail.startswith("waiting until"), START_S, "it to wait")
            assert running.status().state == pb.MODEL_STATE_LOADING
            redis.client.pexpire(lease_key("GPU-0-test"), 1)
            running.reach(pb.MODEL_STATE_READY)
            assert not redis.client.exists(lease_key("GPU-0-test"))


def test_slices_that_are_promised_are_not_given_out_though_they_are_free(tmp_path: Path) -> None:
    """Nobody has filled anything yet: the card shows all of its memory free."""
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 24)])
    with redis_server(tmp_path) as redis:
        url = {"GPU_LEASE_REDIS_URL": redis.url}
        with service(tmp_path, path, {**url, "GPU_SLICE": "16"}) as first:
            first.reach(pb.MODEL_STATE_READY)
            with service(tmp_path, path, url) as second:
                wait_for(lambda: "2.0 GB short" in second.status().detail, START_S, "it to be refused")
                assert second.status().state == pb.MODEL_STATE_LOADING, "the first may be dead"
                failed = second.reach(pb.MODEL_STATE_FAILED)
                assert "other slices are stt 16.0 GB, 2.0 GB are reserved: 2.0 GB short" in failed.detail
                assert second.lines("loading") == []
                first.control.Unload(pb.UnloadRequest(), timeout=20)
                loaded = second.control.Load(pb.LoadRequest(), timeout=20)
                assert loaded.state == pb.MODEL_STATE_READY
        assert redis.client.keys("parley:gpu:*") == [], "who leaves leaves nothing"


def test_a_service_that_was_killed_does_not_stand_in_its_own_way(tmp_path: Path) -> None:
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 24)])
    with redis_server(tmp_path) as redis:
        (port,) = free_ports(1)
        environment = {"GPU_LEASE_REDIS_URL": redis.url, "GPU_SLICE": "16"}
        with service(tmp_path, path, environment, port) as first:
            first.reach(pb.MODEL_STATE_READY)
            first.kill()
        assert redis.client.exists(claims_key("GPU-0-test"))
        with service(tmp_path, path, environment, port) as again:
            wait_for(lambda: again.status().state != pb.MODEL_STATE_UNLOADED, START_S, "it to begin")
            assert again.reach(pb.MODEL_STATE_READY).detail == ""


def test_a_service_does_not_wait_where_models_may_load_side_by_side(tmp_path: Path) -> None:
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 20)])
    environment = {
        "GPU_LEASE_REDIS_URL": "redis://127.0.0.1:1/0",
        "ENABLE_MEMORY_EFFICIENT_LOADING": "false",
    }
    with service(tmp_path, path, environment) as running:
        running.reach(pb.MODEL_STATE_READY)
        assert running.lines("loading without a turn") == []


def test_a_service_that_is_not_preloaded_begins_empty(tmp_path: Path) -> None:
    path = put_nvidia_smi(tmp_path / "smi", [card(0, 24, 20)])
    with service(tmp_path, path, {"PRELOAD_MODELS": "false"}) as running:
        assert running.status().state == pb.MODEL_STATE_UNLOADED
        assert running.lines("granted") == []
