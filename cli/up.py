"""Start a whole cluster on this machine under supervisord, wait until it is ready, end it cleanly."""

import argparse
import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any

from chassis.addresses import split
from chassis.proxies import opener_for
from chassis.secrets import check_secret
from cli.cluster_files import (
    LAUNCHER,
    exact,
    launcher,
    lay_out,
    programs_json,
    programs_of,
    supervisor_config,
)
from cli.last_words import last_words, sizes
from cli.profiles import PROFILES, choose
from cli.program import PROGRAMS as PROGRAMS_FILE

READY_S = 90.0
POLL_S = 0.1
STOP_S = 30.0
ENDS = 3


def port(text: str) -> int:
    """An argparse type: a port that can be listened on."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 1 to 65535, not {text!r}")
    return int(text)


def run(options: argparse.Namespace) -> int:
    """Runs until Ctrl-C or SIGTERM. 0: ended cleanly; 1: it did not start, with the reason."""
    if options.profile not in PROFILES:
        return _fail(f"PROFILE={options.profile!r} is not known; known are {', '.join(PROFILES)}", 2)
    state = options.state.resolve()
    if not exact(str(state)).isprintable():
        return _fail(
            "the state folder's name is not UTF-8, or cannot be printed: choose another with STATE=…"
        )
    try:
        for folder in ("logs", "redis"):
            (state / folder).mkdir(parents=True, exist_ok=True)
        check_port(options.host, options.port)
        with (state / "lock").open("w", encoding="utf-8") as lock:
            take_lock(lock, state)
            return _run_cluster(options, state)
    except OSError as error:
        return _fail(str(error))


def check_port(host: str, number: int) -> None:
    """Raises OSError, saying what to do, when the door cannot be opened there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise OSError(
                    f"HOST={host} is no address of this machine ({error.strerror}): "
                    "127.0.0.1 is for this machine alone, 0.0.0.0 for others too"
                ) from None
            raise OSError(
                f"port {number} on {host} cannot be used ({error.strerror}); "
                f"choose another: make run PORT={number + 1 if number < 65535 else 8000}"
            ) from None


def take_lock(lock: IO[str], state: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise OSError(
            f"a cluster runs with the state folder {state} already; give another: make run STATE=.parley2"
        ) from None


def _run_cluster(options: argparse.Namespace, state: Path) -> int:
    layout = lay_out(options.host, options.port)
    engines = choose(options.profile, os.environ)
    programs = programs_of(layout, state, options.profile, engines)
    (state / PROGRAMS_FILE).write_text(programs_json(programs), encoding="utf-8")
    (state / "supervisord.conf").write_text(supervisor_config(programs), encoding="utf-8")
    (state / "cluster.json").write_text(layout.as_json(), encoding="utf-8")
    (state / "logs" / "supervisor.log").unlink(missing_ok=True)
    begun = sizes(state / "logs")
    stopping = _Stopping()
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "-c", "supervisord.conf"],
        cwd=state,
        env={**os.environ, LAUNCHER: launcher(), "PYTHONUTF8": "1"},
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    print("Parley is starting …", flush=True)
    try:
        problem = wait_ready(layout.url, supervisor, stopping, state, begun)
        if problem:
            return _fail(problem)
        if not stopping:
            print(welcome(layout.url, state), flush=True)
        while not stopping and supervisor.poll() is None:
            time.sleep(POLL_S)
        return 0 if stopping else _fail(f"the supervisor ended by itself; see {state / 'logs'}")
    finally:
        stop(supervisor)


class _Stopping:
    """True once SIGINT or SIGTERM has come."""

    def __init__(self) -> None:
        self._set = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._set = True

    def __bool__(self) -> bool:
        return self._set


def die_with_parent() -> None:
    """Linux: when we are killed outright the cluster ends too."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def wait_ready(
    url: str,
    supervisor: "subprocess.Popen[bytes]",
    stopping: _Stopping,
    state: Path,
    begun: Mapping[str, int],
) -> str:
    """ "" when all of the cluster answers, or was told to stop; else what went wrong.

    `begun`: how long the logs were before.
    """
    until, told = time.monotonic() + READY_S, ""
    while not stopping:
        if supervisor.poll() is not None:
            return f"the supervisor ended with status {supervisor.returncode}; see {state / 'logs'}"
        if is_ready(url):
            return ""
        if given_up := _given_up(state):
            return f"{given_up} does not start:\n{last_words(state / 'logs' / f'{given_up}.log', begun)}"
        if failed := in_state(url, "failed"):
            return f"a model cannot be loaded: {failed}; see {state / 'logs'}"
        if (progress := in_state(url, "loading")) and progress != told:
            print(f"  {progress} …", flush=True)
            told = progress
        if progress:
            until = time.monotonic() + READY_S  # weights take as long as they take
        if time.monotonic() > until:
            return f"not ready after {READY_S:g} s: {missing(url)}; see {state / 'logs'}"
        time.sleep(POLL_S)
    return ""


def is_ready(url: str) -> bool:
    return not missing(url)


def missing(url: str) -> str:
    """What does not answer yet, Redis included; "" when nothing does not."""
    try:
        answer = _fetch(f"{url}/ready")
    except urllib.error.HTTPError as error:
        with error:
            answer = _read(error)
    except OSError:
        return f"the gateway does not answer on {url}"
    parts = {**answer.get("services", {"the gateway": False}), "analysis": answer.get("analysis")}
    parts["redis"] = answer.get("redis")
    away = [name for name, there in parts.items() if not there]
    return f"no answer from {', '.join(away)}" if away else ""


def _fetch(url: str) -> Any:
    """The JSON object there, asked for without a proxy, with the operator's own key. Raises OSError."""
    request = urllib.request.Request(url, headers=_key_header())  # noqa: S310
    with opener_for("http://localhost").open(request, timeout=2) as answer:
        return _read(answer)


def _key_header() -> dict[str, str]:
    """Of the key that the gateway is started with; none for one that it refuses."""
    keys = split(os.environ.get("ADMIN_KEYS", "") or os.environ.get("API_KEYS", ""))
    try:
        for key in keys[:1]:
            check_secret(key)
    except ValueError:
        return {}
    return {"Authorization": f"Bearer {keys[0]}"} if keys else {}


def _read(answer: IO[bytes]) -> Any:
    try:
        parsed = json.load(answer)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def in_state(url: str, state: str) -> str:
    """The models in that state and what is said of them; "" for none, or when nobody answers."""
    found = {name: model for name, model in models_of(url).items() if model.get("state") == state}
    return ", ".join(f"{name}: {model.get('detail') or state}" for name, model in found.items())


def models_of(url: str) -> dict[str, dict[str, Any]]:
    """What /status says of each model; where that is not told without a key, its state alone."""
    status = _answer(f"{url}/status")
    if "models" in status:
        return dict(status["models"])
    states = _answer(f"{url}/ready").get("states", {})
    return {name: {"state": state} for name, state in states.items()}


def _answer(url: str) -> Any:
    """The JSON object of an answer, whatever its status; empty where there is none."""
    try:
        return _fetch(url)
    except urllib.error.HTTPError as error:
        with error:
            return _read(error)
    except OSError:
        return {}


def _given_up(state: Path) -> str:
    """The first program that does not start, by the supervisor's log: bad settings, or three ends."""
    log = state / "logs" / "supervisor.log"
    if not log.exists():
        return ""
    ends: Counter[str] = Counter()
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        words = line.split()
        if "exited:" in words and "not expected" in line:
            name = words[words.index("exited:") + 1]
            ends[name] += ENDS if "(exit status 2;" in line else 1
    return next((name for name, count in ends.items() if count >= ENDS), "")


def welcome(url: str, state: Path) -> str:
    models = models_of(url)
    engines = ", ".join(f"{name} {model.get('backend') or model['state']}" for name, model in models.items())
    return f"Parley is ready: {url}\n  {engines}\n  logs: {state / 'logs'}\n  Ctrl-C ends it."


def stop(supervisor: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, then SIGKILL for a supervisor that does not end."""
    if supervisor.poll() is None:
        supervisor.terminate()
        try:
            supervisor.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(supervisor.pid, signal.SIGKILL)
            supervisor.wait()


def _fail(reason: str, status: int = 1) -> int:
    print(f"parley up: {reason}", file=sys.stderr)
    return status
