"""One more replica of a service beside a cluster, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc

from cli.cluster_files import free_ports
from protos.parley.v1 import control_pb2, control_pb2_grpc
from tests.support.cluster import MODULES, wait_for

START_S = 20.0


@dataclass(frozen=True)
class Replica:
    """`pid` may be frozen or killed."""

    address: str
    pid: int


@contextmanager
def replica(service: str, folder: Path, settings: Mapping[str, str] | None = None) -> Iterator[Replica]:
    """With fake engines, ready, and ended with the body however it was left."""
    (port,) = free_ports(1)
    engine = {f"{service.upper()}_ENGINE": "fake", f"{service.upper()}_SLOTS": "256", "STT_VAD": "energy"}
    with (folder / f"{service}-{port}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULES[service]],
            env={**os.environ, **engine, "GRPC_PORT": str(port), **(settings or {})},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        address = f"127.0.0.1:{port}"
        try:
            wait_for(
                lambda: process.poll() is not None or is_ready(address), START_S, f"{service} to be ready"
            )
            yield Replica(address, process.pid)
        finally:
            process.kill()
            process.wait(10)


def is_ready(address: str) -> bool:
    with grpc.insecure_channel(address) as channel:
        try:
            status = control_pb2_grpc.ModelControlStub(channel).Status(control_pb2.StatusRequest(), timeout=1)
        except grpc.RpcError:
            return False
    return bool(status.state == control_pb2.MODEL_STATE_READY)
