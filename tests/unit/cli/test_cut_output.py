"""A command whose reader has gone, as `head` goes, ends without a word."""

import subprocess
import sys


def test_a_reader_who_leaves_is_no_failure_of_ours() -> None:
    program = "import sys; from cli.main import main; sys.stdin.read(); main(['gpu', 'plan', '--gpu', '24'])"
    command = [sys.executable, "-u", "-c", program]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        running.stdin.close()
        said = running.stderr.read().decode()
        running.wait(30)
    assert "should not have happened" not in said
    assert "Exception ignored" not in said
