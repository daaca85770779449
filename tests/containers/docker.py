"""The Docker engine as these tests use it, and one cluster of containers on it."""

import json
import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PATH = f"/usr/bin:{os.environ['PATH']}"
"""Debian's client before others: they may lack BuildKit."""
BASE = "python:3.11-slim-bookworm"
IMAGES = {
    "gateway": "parley-gateway:latest",
    "stt": "parley-stt:embedded",
    "llm": "parley-llm:embedded",
    "tts": "parley-tts:embedded",
    "analysis": "parley-analysis:latest",
    "cli": "parley-cli:latest",
}
DATA = {
    "redis-data": ("redis:7-bookworm", "999:999"),
    "prometheus-data": ("prom/prometheus:v2.55.1", "65534:65534"),
}
"""Volumes by the image whose user they belong to."""


def docker(*words: str, timeout_s: float = 60, check: bool = True) -> str:
    """What the command printed. Raises AssertionError with what it complained of."""
    done = subprocess.run(
        ["docker", *words], cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=timeout_s
    )
    assert not check or done.returncode == 0, f"docker {' '.join(words)}: {done.stderr[-3000:]}"
    return done.stdout.strip()


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": PATH, "DOCKER_BUILDKIT": "1", **more}


def inspect(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(docker("inspect", name))[0]
    return found


def build(name: str) -> None:
    """With the host's network: its way to packages may be one that containers have not."""
    file = f"deploy/docker/{name}.Dockerfile"
    docker("build", "--network", "host", "--file", file, "--tag", IMAGES[name], ".", timeout_s=900)


def added_megabytes(image: str) -> float:
    """What an image has beyond the one it starts from."""
    return float(inspect(image)["Size"] - inspect(BASE)["Size"]) / 1e6


@dataclass(frozen=True, slots=True)
class Containers:
    """One project of Compose."""

    project: str
    port: int

    def compose(self, *words: str, timeout_s: float = 180, check: bool = True) -> str:
        """What it printed. Raises AssertionError with what it complained of."""
        program = ["docker-compose"] if shutil.which("docker-compose", path=PATH) else ["docker", "compose"]
        done = subprocess.run(
            [*program, "--project-name", self.project, *words],
            cwd=ROOT,
            env=environment(PORT=str(self.port)),
            capture_output=True,
            text=True,
            timeout=timeout_s,
        )
        assert not check or done.returncode == 0, f"{' '.join(words)}: {done.stderr[-3000:]}"
        return done.stdout

    def make_volumes(self) -> None:
        """As the public images would: stand-ins may leave the owner of a volume to root."""
        for volume, (image, owner) in DATA.items():
            mount = f"{self.project}_{volume}:/volume"
            make = f"touch /volume/.made && chown -R {owner} /volume"
            docker("run", "--rm", "--user=0", "--entrypoint=sh", "--volume", mount, image, "-c", make)

    def name(self, service: str) -> str:
        found = docker(
            "ps",
            "--all",
            "--filter",
            f"label=com.docker.compose.project={self.project}",
            "--filter",
            f"label=com.docker.compose.service={service}",
            "--format",
            "{{.Names}}",
        )
        assert found, f"there is no container of {service}"
        return found

    def state(self, service: str) -> dict[str, Any]:
        state: dict[str, Any] = inspect(self.name(service))["State"]
        return state

    def execute(self, service: str, *command: str, check: bool = True) -> str:
        return docker("exec", self.name(service), *command, check=check)

    def succeeds(self, service: str, *command: str) -> bool:
        try:
            self.execute(service, *command)
        except AssertionError:
            return False
        return True

    def kill(self, service: str) -> int:
        """End the container's first process as a crash would; its number. Docker then brings it back.

        `docker kill` would not do: who ends a container by hand wants it ended.
        """
        number = int(self.state(service)["Pid"])
        assert number > 1
        os.kill(number, 9)
        return number

    def await_health(self, service: str, within_s: float = 60) -> None:
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            state = self.state(service)
            if state["Running"] and state.get("Health", {}).get("Status") == "healthy":
                return
            time.sleep(0.5)
        raise AssertionError(f"{service} is not well after {within_s:g} s: {self.state(service)}")

    def await_ready(self, within_s: float = 30) -> None:
        """Until the gateway says that a conversation could begin."""
        probe = ("python", "-m", "chassis.probe", "http://127.0.0.1:8000/ready")
        deadline = time.monotonic() + within_s
        while not self.succeeds("gateway", *probe):
            assert time.monotonic() < deadline, f"the gateway is not ready after {within_s:g} s"
            time.sleep(0.5)
