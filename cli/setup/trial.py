"""Does each service start here? Every one as a real process with its engine, one after the other."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import grpc

from chassis.grpc_options import CHANNEL_OPTIONS
from chassis.probe import ask_grpc
from cli.cluster_files import STOP_S, free_ports
from cli.environments import interpreter
from cli.last_words import last_words
from cli.setup.plan import Plan
from cli.up import die_with_parent
from protos.parley.v1 import control_pb2, control_pb2_grpc

POLL_S = 0.2
STATUS_S = 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """`problem`: why it does not serve, with `log`, its last lines; both empty when it does."""

    service: str
    engine: str
    seconds: float
    problem: str = ""
    log: str = ""


def try_service(plan: Plan, service: str) -> Trial:
    """Start it, wait until its model is loaded and warm, end it. Nothing of it is left behind."""
    engine, began = plan.engines[service], time.monotonic()
    with tempfile.TemporaryDirectory(prefix="parley-setup-") as folder:
        log = Path(folder) / f"{service}.log"
        (port,) = free_ports(1)
        process = _start(plan, service, port, log)
        try:
            limit_s = plan.needs()[service].load_s
            problem = wait_serving(f"127.0.0.1:{port}", lambda: process.poll() is None, limit_s)
            seconds = round(time.monotonic() - began, 1)
            return Trial(service, engine, seconds, problem, last_words(log, {}) if problem else "")
        finally:
            stop(process)


def _start(plan: Plan, service: str, port: int, log: Path) -> "subprocess.Popen[bytes]":
    ports = {"GRPC_HOST": "127.0.0.1", "GRPC_PORT": str(port), "METRICS_PORT": "0"}
    for_people = {"LOG_FORMAT": "console", "NO_COLOR": "1"}
    with log.open("wb") as output:
        return subprocess.Popen(
            [interpreter(service, plan.environment), "-m", f"{service}_service"],
            env={**for_people, **plan.environment, **ports, "PRELOAD": "true"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent,
        )


def wait_serving(address: str, is_alive: Callable[[], bool], limit_s: float) -> str:
    """ "" once it serves with the engine that was chosen, else what went wrong. Takes `limit_s` at most."""
    until = time.monotonic() + limit_s
    while is_alive():
        if not ask_grpc(address):
            return ask_why_not(address)
        if why := ask_why_not(address):
            return why
        if time.monotonic() > until:
            return f"its model was not loaded within {limit_s:g} s"
        time.sleep(POLL_S)
    return "it ended by itself"


def ask_why_not(address: str) -> str:
    """Why its engine will not serve, or stands in for another; "" when it may yet."""
    with grpc.insecure_channel(address, options=CHANNEL_OPTIONS) as channel:
        control = control_pb2_grpc.ModelControlStub(channel)
        try:
            status = control.Status(control_pb2.StatusRequest(), timeout=STATUS_S)
        except grpc.RpcError:
            return ""  # it does not listen yet
    if status.fallback:
        return f"{status.engine} stands in: {status.fallback}"
    failed = status.state == control_pb2.MODEL_STATE_FAILED
    return f"its model does not load: {status.detail}" if failed else ""


def stop(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, then SIGKILL for it and for every process that it started."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
