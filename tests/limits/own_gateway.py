"""One more gateway beside a cluster, on its services and its Redis, with settings of its own."""

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cli.cluster_files import SERVICES, free_ports
from cli.up import is_ready
from tests.support.cluster import Cluster, wait_for

START_S = 20.0
END_S = 20.0


@dataclass(frozen=True)
class Gateway:
    url: str
    ws: str
    process: "subprocess.Popen[bytes]"
    log_file: Path

    def log(self) -> str:
        return self.log_file.read_text(errors="replace")


def environment(beside: Cluster, port: int) -> dict[str, str]:
    addresses = {f"{name.upper()}_ADDRESSES": str(beside.layout["grpc"][name]) for name in SERVICES}
    return {**addresses, "REDIS_URL": str(beside.layout["redis"]), "PORT": str(port), "PROFILE": "fake"}


@contextmanager
def own_gateway(beside: Cluster, folder: Path, settings: Mapping[str, str]) -> Iterator[Gateway]:
    """Started, ready, and ended with the body. `settings` win over where it would listen and connect."""
    (port,) = free_ports(1)
    log_file = folder / "gateway.log"
    with log_file.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway"],
            env={**os.environ, **environment(beside, port), **settings},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: process.poll() is not None or is_ready(url), START_S, "the gateway to be ready")
            yield Gateway(url, f"ws://127.0.0.1:{port}", process, log_file)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(END_S)


def status_of(url: str) -> int:
    """The HTTP status of a GET."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
