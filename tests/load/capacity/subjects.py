"""Who is measured: how each is started, where it listens, which of its processes count."""

import json
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.cluster_files import free_ports
from cli.up import die_with_parent
from tests.load import latency
from tests.load.capacity import cores
from tests.load.capacity.peers import fakes
from tests.load.capacity.script import REPLY_RATE, REPLY_S, SHARES
from tests.support.cluster import Cluster, cluster, wait_for

START_S, STOP_S = 60.0, 5.0
SERVICES = ("stt", "llm", "tts", "analysis")
PEERS_PYTHON = Path(".venvs/peers/bin/python")
PEERS = {"pipecat": 10, "livekit": 20}
"""How many sessions each bears well on one core."""
SILENT, TALK, ENDLESS = SHARES


@dataclass(frozen=True)
class Subject:
    """`measured` run on the first core during its points, `beside` on the other. `scripted_s` is what an
    answer takes of itself; None: it does not listen. `typed` is what a session of a share says first.
    """

    url: str
    measured: tuple[int, ...]
    scripted_s: float | None = None
    reply_rate: int = REPLY_RATE
    beside: tuple[int, ...] = ()
    typed: Mapping[int, str] = field(default_factory=dict)

    def pin(self, measuring: int, other: int) -> None:
        """Before each point: the two layouts of a cluster have the same processes."""
        cores.pin(self.measured, measuring)
        cores.pin(self.beside, other)


@contextmanager
def bare() -> Iterator[Subject]:
    (port,) = free_ports(1)
    with _served([sys.executable, "-m", "tests.load.capacity.bare", "--port", str(port)], port) as pid:
        yield Subject(f"ws://127.0.0.1:{port}/ws?share={{share}}", (pid,))


@contextmanager
def peer(name: str) -> Iterator[Subject]:
    """Raises RuntimeError, with its last words, when it does not start."""
    (port,) = free_ports(1)
    if not PEERS_PYTHON.exists():
        raise RuntimeError(f"{PEERS_PYTHON.parent.parent} is not installed")
    command = [
        str(PEERS_PYTHON),
        "-m",
        "tests.load.capacity.peers.server",
        "--name",
        name,
        "--port",
        str(port),
    ]
    with _served(command, port) as pid:
        yield Subject(f"ws://127.0.0.1:{port}/ws", (pid,), fakes.SCRIPTED_S, fakes.RATE)


@contextmanager
def parley(folder: Path) -> Iterator[dict[str, Subject]]:
    """One cluster with fake engines, in two layouts: the gateway alone, and together with its services."""
    environment = latency.ENVIRONMENT | {"FAKE_STT_TEXT": f"say:{REPLY_S:g}s"}
    with cluster(folder, "fake", environment) as running:
        gateway, services = running.pid("gateway"), tuple(map(running.pid, SERVICES))
        cores.pin([running.pid("redis")], cores.two_cores()[1])
        yield {
            "gateway": _layout(running, (gateway,), services),
            "cluster": _layout(running, (gateway, *services), ()),
        }


def _layout(running: Cluster, measured: tuple[int, ...], beside: tuple[int, ...]) -> Subject:
    return Subject(
        f"{running.ws}/v1/conversation",
        measured,
        latency.SCRIPTED_S,
        beside=beside,
        typed={ENDLESS: json.dumps({"type": "text", "text": "say:120s"})},
    )


@contextmanager
def _served(command: list[str], port: int) -> Iterator[int]:
    """The pid of a server that listens on the port; it ends with the body, however that ends."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=die_with_parent)
        try:
            wait_for(lambda: process.poll() is not None or _listens(port), START_S, " ".join(command[1:3]))
            if process.poll() is not None:
                log.seek(0)
                words = log.read().decode(errors="replace").strip().splitlines()
                raise RuntimeError(words[-1] if words else f"it ended with {process.returncode}")
            yield process.pid
        finally:
            end(process)


def end(process: "subprocess.Popen[Any]") -> None:
    """Ask, then insist."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
