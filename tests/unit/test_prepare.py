"""`make test` sees to its own programs: installed where that may be, else one line says what to type."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "prepare"
PROGRAMS = ("redis-server", "prometheus", "promtool", "chromium", "chromedriver", "ffmpeg", "kubectl")
BROUGHT = {
    "redis-server": ("redis-server",),
    "prometheus": ("prometheus", "promtool"),
    "chromium": ("chromium",),
    "chromium-driver": ("chromedriver",),
    "ffmpeg": ("ffmpeg",),
    "kubectl": ("kubectl",),
}


NEW, OLD = "echo Client Version: v1.33.9", "echo Client Version: v1.20.5"
"""What a kubectl says of itself."""


class Machine:
    """A path with nothing on it but what a test puts there; `calls` is what was run as root, in order."""

    def __init__(self, folder: Path) -> None:
        self._bin, self._log, self.tools = folder / "bin", folder / "calls", folder / "tools"
        self._bin.mkdir()
        self._log.touch()
        for program in ("bash", "env", "touch", "chmod", "cat", "dirname", "mkdir"):
            (self._bin / program).symlink_to(str(shutil.which(program)))
        self.put("python3")

    def put(self, name: str, script: str = "") -> None:
        program = self._bin / name
        program.write_text(
            f'#!/bin/sh\n[ "{name}" = python3 ] || echo "{name} $*" >> {self._log}\n{script}\n'
        )
        program.chmod(0o755)

    def give_apt(self, root: bool, works: bool = True) -> None:
        lines = [
            f'case "$*" in *" {package}"*) {"; ".join(self._making(name) for name in names)};; esac'
            for package, names in BROUGHT.items()
        ]
        installs = "\n".join(['case "$*" in install*) ;; *) exit 0;; esac', *lines]) if works else "exit 0"
        self.put("apt-get", installs)
        self.put("apt-cache", "exit 0")
        self.put("service")
        self.put("id", f"echo {0 if root else 1000}")

    def _making(self, name: str) -> str:
        script = NEW if name == "kubectl" else ""
        return f"echo '#!/bin/sh\n{script}' > {self._bin}/{name}; chmod 755 {self._bin}/{name}"

    @property
    def calls(self) -> list[str]:
        seen = self._log.read_text().splitlines()
        return [line for line in seen if line.startswith(("apt-get", "service", "sudo"))]

    def prepare(self) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(self._bin / "bash"), str(SCRIPT)],
            capture_output=True,
            text=True,
            env={"PATH": str(self._bin), "HOME": os.environ.get("HOME", "/"), "TOOLS": str(self.tools)},
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_where_all_is_there_nothing_is_done(machine: Machine) -> None:
    machine.give_apt(root=True)
    for program in PROGRAMS:
        machine.put(program, NEW if program == "kubectl" else "")
    done = machine.prepare()
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.calls == []


def test_as_root_what_is_missing_is_installed_and_servers_that_came_along_are_ended(machine: Machine) -> None:
    machine.give_apt(root=True)
    machine.put("redis-server")
    done = machine.prepare()
    assert done.returncode == 0, done.stderr
    installs = [call for call in machine.calls if "install" in call]
    assert len(installs) == 1
    assert "--no-install-recommends" in installs[0]
    assert " chromium" in installs[0]
    assert "redis-server" not in installs[0], "it was there"
    assert [call for call in machine.calls if call.startswith("service")] == ["service prometheus stop"]


def test_who_may_not_install_is_told_in_one_line_what_to_type(machine: Machine) -> None:
    machine.give_apt(root=False)
    machine.put("sudo", "exit 1")
    machine.put("chromium")
    done = machine.prepare()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install" in done.stderr
    assert "redis-server" in done.stderr
    assert "chromium " not in done.stderr.replace("chromium-driver", "")
    assert not any("install" in call for call in machine.calls)


def test_sudo_that_asks_nothing_is_used(machine: Machine) -> None:
    machine.give_apt(root=False)
    machine.put("sudo", 'shift; case "$1" in true) exit 0;; esac; exec "$@"')
    done = machine.prepare()
    assert done.returncode == 0, done.stderr
    assert any("apt-get install" in call for call in machine.calls)


def test_without_apt_the_programs_are_named(machine: Machine) -> None:
    done = machine.prepare()
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert all(program in done.stderr for program in PROGRAMS)


def test_a_kubectl_that_is_too_old_is_told(machine: Machine) -> None:
    machine.give_apt(root=True)
    for program in PROGRAMS:
        machine.put(program, OLD if program == "kubectl" else "")
    machine.give_apt(root=True, works=False)
    done = machine.prepare()
    assert done.returncode == 1
    assert "kubectl 1.27 or newer" in done.stderr


def test_a_kubectl_that_is_too_old_stays_and_a_newer_one_comes_beside_it(machine: Machine) -> None:
    machine.give_apt(root=False)
    for program in PROGRAMS:
        machine.put(program, OLD if program == "kubectl" else "")
    fetched = machine.tools / "kubectl"
    fetch = f"mkdir -p {machine.tools}; touch {fetched}; chmod 755 {fetched}"
    machine.put(
        "python3",
        f'case "$1" in *fetch_kubectl.py) {fetch}; esac',
    )
    done = machine.prepare()
    assert (done.returncode, done.stderr, machine.calls) == (0, "", [])
    assert fetched.exists()


def test_packages_that_do_not_bring_their_programs_are_told(machine: Machine) -> None:
    machine.give_apt(root=True, works=False)
    done = machine.prepare()
    assert done.returncode == 1
    assert "did not bring" in done.stderr
