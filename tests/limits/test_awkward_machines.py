"""`parley up` where paths have blanks and signs, proxies are set, and the locale is not UTF-8."""

import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.cluster_files import free_ports
from tests.support.cluster import Cluster, cluster
from tests.support.spoken import utterance, write_wav
from tests.unit.cli.test_cluster_files import AWKWARD

pytestmark = pytest.mark.timeout(120)
NO_UTF8 = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
LATIN = {"LC_ALL": "en_US.ISO-8859-1", "PYTHONUTF8": "0", "PYTHONIOENCODING": "iso-8859-1"}


def is_whole(running: Cluster) -> bool:
    status, ready = running.get("/ready")
    return status == 200 and ready["redis"] and ready["analysis"]


def test_a_checkout_and_a_state_folder_with_every_awkward_sign_run_a_whole_cluster(tmp_path: Path) -> None:
    awkward = "".join(AWKWARD).replace("\n", "")
    checkout = tmp_path / f"checkout {awkward}"
    checkout.symlink_to(Path(sys.prefix).parent)
    python = checkout / Path(sys.prefix).name / "bin" / "python"
    with cluster(tmp_path / f"state {awkward}", python=str(python)) as running:
        assert is_whole(running)
        assert any((running.state / "redis" / "appendonlydir").iterdir())


def test_a_state_folder_of_bytes_that_nobody_can_read_is_refused_in_words(tmp_path: Path) -> None:
    state = os.fsencode(tmp_path) + b"/gr\xfc\xdfe"
    command = [sys.executable, "-m", "cli.main", "up", "--profile", "fake", "--state", os.fsdecode(state)]
    said = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 1
    assert "UTF-8" in said.stderr
    assert "STATE=" in said.stderr
    assert not os.path.exists(state)


def test_a_cluster_starts_where_everything_is_to_go_through_a_proxy(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(0)
        url = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "all_proxy", "grpc_proxy")
        proxied = {name: url for lower in names for name in (lower, lower.upper())}
        with cluster(tmp_path, environment={**proxied, "no_proxy": "", "NO_PROXY": ""}) as running:
            assert is_whole(running)
            speech = write_wav(tmp_path / "speech.wav", utterance())
            for words in (["system", "status"], ["run", "test"], ["talk", str(speech)]):
                said = subprocess.run(
                    [sys.executable, "-m", "cli.main", *words, "--state", str(tmp_path)],
                    capture_output=True,
                    text=True,
                    timeout=60,
                    env={**os.environ, **proxied, "no_proxy": "", "NO_PROXY": ""},
                )
                assert said.returncode == 0, said.stderr
        with pytest.raises(BlockingIOError):
            proxy.accept()


@pytest.mark.parametrize("locale", [NO_UTF8, LATIN], ids=["ascii", "latin"])
def test_whatever_is_printed_can_be_printed_in_any_locale(tmp_path: Path, locale: Mapping[str, str]) -> None:
    with cluster(tmp_path / "grüße", environment=locale) as running:
        assert is_whole(running)
        assert running.stop() == 0
    for words in (["setup", "--check"], ["--help"], ["gpu", "plan", "--gpu", "24"]):
        said = subprocess.run(
            [sys.executable, "-m", "cli.main", *words],
            capture_output=True,
            env={**os.environ, **locale},
            check=False,
        )
        assert said.stdout
        assert b"Traceback" not in said.stderr


def test_ready_means_that_redis_runs_too(tmp_path: Path) -> None:
    """One that ends at once is named, with what it said."""
    programs = tmp_path / "programs"
    programs.mkdir()
    broken = programs / "redis-server"
    broken.write_text("#!/bin/sh\necho cannot keep anything here; exit 1\n")
    broken.chmod(0o755)
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "cli.main", "up", "--port", str(port), "--profile", "fake"]
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    said = subprocess.run(
        [*command, "--state", str(tmp_path / "state")],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        timeout=90,
        check=False,
    )
    assert said.returncode == 1
    assert "ready" not in said.stdout
    assert "redis does not start" in said.stderr
    assert "cannot keep anything here" in said.stderr


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
def test_make_quotes_what_it_is_given(tmp_path: Path) -> None:
    """What `make run` would do with a folder's name, and `make clean`."""
    state = tmp_path / """it's a "state" `id` ; #1"""
    for target in ("run", "clean"):
        said = subprocess.run(
            ["make", "-n", target, f"STATE={state}", "HOST=127.0.0.1"],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        line = next(line for line in said.stdout.splitlines() if "state" in line)
        assert any(word.removeprefix("--state=") == str(state) for word in shlex.split(line))
