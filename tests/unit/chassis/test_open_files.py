"""A process takes as many open files as it is granted, and says where they are few."""

import resource
import subprocess
import sys

import pytest

LOOK = (
    "import resource; from chassis.open_files import raise_open_files; raise_open_files();"
    "print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
)


@pytest.mark.parametrize("soft", [256, 512])
def test_a_low_beginning_is_raised_to_what_is_granted(soft: int) -> None:
    hard = 2048
    done = subprocess.run(
        [sys.executable, "-c", LOOK],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == str(hard)
    assert "few open files" in done.stdout + done.stderr
