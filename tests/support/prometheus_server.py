"""A real Prometheus on loopback with the shipped rules, looking at processes of ours."""

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.cluster_files import free_ports
from tests.support.cluster import wait_for
from tests.support.promql import PROMETHEUS

READY_S = 20.0


@dataclass(frozen=True, slots=True)
class Prometheus:
    """Asked over its HTTP API."""

    url: str

    def ask(self, path: str, **query: str) -> Any:
        """The data of an answer. Raises AssertionError, with what Prometheus says, for a refusal."""
        url = f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                said = json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{query}: {error.read().decode()}") from None
        assert said["status"] == "success", said
        return said["data"]

    def now(self, expr: str) -> list[dict[str, Any]]:
        """The series of an expression at this moment."""
        found: list[dict[str, Any]] = self.ask("query", query=expr)["result"]
        return found

    def over(self, expr: str, start: float, end: float) -> list[dict[str, Any]]:
        """Its series, a value a second, between two times of the clock."""
        found: list[dict[str, Any]] = self.ask(
            "query_range", query=expr, start=f"{start:.3f}", end=f"{end:.3f}", step="1"
        )["result"]
        return found


def derived_config(targets: Mapping[str, str], scrape_s: int) -> dict[str, Any]:
    """The shipped configuration, with addresses in the place of names and a quicker eye.

    `targets`: host:port by service. They carry the label that a name's answers would carry.
    """
    config: dict[str, Any] = yaml.safe_load((PROMETHEUS / "prometheus.yaml").read_text())
    every = f"{scrape_s}s"
    config["global"] |= {"scrape_interval": every, "scrape_timeout": every, "evaluation_interval": every}
    config["rule_files"] = [str(PROMETHEUS / pattern) for pattern in config["rule_files"]]
    (job,) = config["scrape_configs"]
    (names,) = job.pop("dns_sd_configs")
    assert set(names["names"]) == set(targets)
    job["static_configs"] = [
        {"targets": [address], "labels": {"__meta_dns_name": service}} for service, address in targets.items()
    ]
    return config


@contextmanager
def prometheus(folder: Path, targets: Mapping[str, str], scrape_s: int = 1) -> Iterator[Prometheus]:
    """Running during the body."""
    program = shutil.which("prometheus")
    assert program, "prometheus is needed: apt-get install prometheus"
    (port,) = free_ports(1)
    config = folder / "prometheus.yaml"
    config.write_text(yaml.safe_dump(derived_config(targets, scrape_s)))
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "prometheus.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        running = Prometheus(f"http://127.0.0.1:{port}")
        wait_for(lambda: process.poll() is not None or is_ready(running.url), READY_S, "Prometheus")
        assert process.poll() is None, (folder / "prometheus.log").read_text()
        yield running
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
