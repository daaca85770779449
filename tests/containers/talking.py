"""A spoken question to the published port, by the product's own command."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.containers.docker import Containers
from tests.support.spoken import utterance, write_wav


def ask(cluster: Containers, folder: Path) -> dict[str, Any]:
    """What `parley talk --json` says. Raises AssertionError with its reason when there was no answer."""
    speech = write_wav(folder / "question.wav", utterance())
    url = f"ws://127.0.0.1:{cluster.port}/v1/conversation"
    command = [sys.executable, "-m", "cli.main", "talk", str(speech), "--url", url, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
