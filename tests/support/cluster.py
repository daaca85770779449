"""A whole cluster of real processes with a real Redis, as `parley up` starts it, for one test module."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from cli.cluster_files import free_ports
from cli.up import is_ready

READY_S = 60.0
MODULES = {
    "stt": "stt_service",
    "llm": "llm_service",
    "tts": "tts_service",
    "analysis": "analysis_service",
    "gateway": "gateway",
}


class Cluster:
    """A running cluster. `kill` and `freeze` touch only its own processes."""

    def __init__(self, process: "subprocess.Popen[str]", state: Path, port: int) -> None:
        self._process, self.state, self.port = process, state, port
        self.url = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}"
        self.layout: dict[str, Any] = json.loads((state / "cluster.json").read_text())

    def get(self, path: str, key: str = "") -> tuple[int, dict[str, Any]]:
        """Status and JSON body of a GET."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        request = urllib.request.Request(f"{self.url}{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def metrics(self, name: str) -> str:
        with urllib.request.urlopen(f"{self.layout['metrics'][name]}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    def metric(self, name: str, series: str) -> float:
        """The value of one series, written as Prometheus prints it; 0 when it is not there."""
        for line in self.metrics(name).splitlines():
            if line.startswith(f"{series} "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def pid(self, name: str) -> int:
        """The process of a service, `gateway` or `redis`."""
        wanted = MODULES.get(name)
        for child in psutil.Process(self._process.pid).children(recursive=True):
            try:
                command = child.cmdline()
            except psutil.Error:
                continue  # it has just died
            if wanted in command if wanted else any("redis-server" in part for part in command):
                return child.pid
        raise LookupError(f"{name} is not running")

    def signal(self, name: str, number: signal.Signals) -> int:
        pid = self.pid(name)
        os.kill(pid, number)
        return pid

    def kill(self, name: str) -> None:
        """kill -9; the supervisor starts it anew."""
        self.signal(name, signal.SIGKILL)

    def log(self, name: str) -> str:
        return (self.state / "logs" / f"{name}.log").read_text(errors="replace")

    def output(self) -> str:
        """What `parley up` printed; only once it has ended."""
        return self._process.stdout.read() if self._process.stdout else ""

    def wait_ready(self, timeout_s: float = READY_S) -> None:
        wait_for(
            lambda: is_ready(self.url) or self._process.poll() is not None,
            timeout_s,
            "the cluster to be ready",
        )
        if self._process.poll() is not None:
            raise RuntimeError(f"parley up: {self._process.stdout.read() if self._process.stdout else ''}")

    def stop(self) -> int:
        """SIGINT, as Ctrl-C does. The exit status."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        return self._process.wait(40)


def wait_for(condition: Any, timeout_s: float, what: str) -> None:
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.05)
    raise TimeoutError(f"waited {timeout_s:g} s for {what}")


@contextmanager
def cluster(
    state: Path,
    profile: str = "fake",
    environment: Mapping[str, str] | None = None,
    ready_s: float = READY_S,
    python: str = sys.executable,
) -> Iterator[Cluster]:
    """Start a cluster in the folder `state`, wait until it is ready, end it cleanly."""
    (port,) = free_ports(1)
    command = [python, "-m", "cli.main", "up", "--port", str(port), "--profile", profile]
    process = subprocess.Popen(
        [*command, "--state", str(state)],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    running: Cluster | None = None
    try:
        wait_for(lambda: (state / "cluster.json").exists() or process.poll() is not None, 20, "the layout")
        if process.poll() is not None:
            raise RuntimeError(f"parley up: {process.stdout.read() if process.stdout else ''}")
        running = Cluster(process, state, port)
        running.wait_ready(ready_s)
        yield running
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(40)
        if process.stdout is not None:
            process.stdout.close()
