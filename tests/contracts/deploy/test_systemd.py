"""The systemd unit starts what there is, gives it time to end, and shuts it in."""

import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from cli import up
from cli.main import parser
from gateway.settings import GatewaySettings
from tests.contracts.deploy.processes import ROOT

UNIT = ROOT / "deploy/systemd/parley.service"
WORST_EXPOSURE = 20
"""Of 100, by systemd's own reckoning, in tenths."""
STATE = "/var/lib/parley"
YES = (
    "DynamicUser",
    "LockPersonality",
    "NoNewPrivileges",
    "PrivateDevices",
    "PrivateTmp",
    "ProtectClock",
    "ProtectControlGroups",
    "ProtectHome",
    "ProtectHostname",
    "ProtectKernelLogs",
    "ProtectKernelModules",
    "ProtectKernelTunables",
    "RemoveIPC",
    "RestrictNamespaces",
    "RestrictRealtime",
    "RestrictSUIDSGID",
)


def read() -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The unit's sections, and the variables that it sets."""
    lines = UNIT.read_text().splitlines()
    variables = [line.partition("=")[2] for line in lines if line.startswith("Environment=")]
    unit = RawConfigParser(strict=False, comment_prefixes="#", inline_comment_prefixes=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # as configparser's own pages say
    unit.read_string("\n".join(line for line in lines if not line.startswith("Environment=")))
    given = dict(pair.split("=", 1) for pair in " ".join(variables).replace("%S", "/var/lib").split())
    return {name: dict(unit[name]) for name in unit.sections()}, given


SECTIONS, VARIABLES = read()
SERVICE = SECTIONS["Service"]


def command() -> list[str]:
    line = SERVICE["ExecStart"].replace("%S", "/var/lib")
    for name, value in VARIABLES.items():
        line = line.replace(f"${{{name}}}", value)
    return line.split()


def test_it_starts_the_cluster_with_options_that_the_command_knows() -> None:
    program, *arguments = command()
    assert program == "/opt/parley/.venv/bin/parley"
    options = parser().parse_args(arguments)
    assert options.run is up.run
    assert (options.host, options.port, options.profile) == ("127.0.0.1", 8000, "embedded")
    assert options.state == Path(STATE)
    assert "$" not in " ".join(command()), "a variable that is not set by default would be empty"


def test_unless_the_operator_says_more_only_this_machine_can_come_in() -> None:
    assert GatewaySettings(host=VARIABLES["HOST"]).host == "127.0.0.1"
    assert SERVICE["EnvironmentFile"] == "-/etc/parley/parley.env"


def test_everything_is_written_in_its_own_folder() -> None:
    assert SERVICE["StateDirectory"] == "parley"
    assert SERVICE["StateDirectoryMode"] == "0700"
    assert SERVICE["WorkingDirectory"].replace("%S", "/var/lib") == VARIABLES["HOME"] == STATE
    assert SERVICE["ProtectSystem"] == "strict"
    assert "ReadWritePaths" not in SERVICE


def test_it_has_time_to_end_in_order() -> None:
    """Only the leader is told; systemd kills what is left when the leader has gone or has had its time."""
    assert SERVICE["KillMode"] == "mixed"
    assert float(SERVICE["TimeoutStopSec"]) > up.STOP_S + 5
    assert "KillSignal" not in SERVICE


def test_it_comes_back_but_does_not_try_for_ever() -> None:
    assert SERVICE["Restart"] == "on-failure"
    unit = SECTIONS["Unit"]
    tries_s = int(unit["StartLimitBurst"]) * float(SERVICE["RestartSec"])
    assert tries_s < int(unit["StartLimitIntervalSec"])
    assert SECTIONS["Install"] == {"WantedBy": "multi-user.target"}


@pytest.mark.parametrize("directive", YES)
def test_it_is_shut_in(directive: str) -> None:
    assert SERVICE[directive] == "yes"


def test_it_may_do_nothing_special() -> None:
    assert SERVICE["CapabilityBoundingSet"] == ""
    assert "AmbientCapabilities" not in SERVICE
    assert "User" not in SERVICE
    assert SERVICE["SystemCallFilter"] == "@system-service"
    assert SERVICE["RestrictAddressFamilies"].split() == ["AF_INET", "AF_INET6", "AF_UNIX", "AF_NETLINK"]


def test_systemd_itself_has_nothing_against_it(tmp_path: Path) -> None:
    """Where systemd is installed: on other machines the tests above must do."""
    if (analyze := shutil.which("systemd-analyze")) is None:
        return
    here = tmp_path / "parley.service"
    here.write_text(UNIT.read_text().replace("/opt/parley/.venv/bin/parley", sys.executable))
    checked = subprocess.run([analyze, "verify", "--man=no", here], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    rated = subprocess.run(
        [analyze, "security", "--offline=yes", f"--threshold={WORST_EXPOSURE}", "--no-pager", here],
        capture_output=True,
        text=True,
    )
    assert rated.returncode == 0, rated.stdout + rated.stderr
