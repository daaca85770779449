"""What a process does before its own work begins."""

import subprocess
import sys

COUNTS = """
import asyncio, gc, sys
from chassis.process import run_process
from chassis.settings import ProcessSettings

async def main(settings: ProcessSettings, stop: asyncio.Event) -> None:
    print(gc.get_freeze_count(), len(gc.get_objects()), file=sys.stderr)

run_process("counter", ProcessSettings, main)
"""


def test_what_was_imported_is_not_looked_through_again_by_the_collector() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", COUNTS], capture_output=True, text=True, timeout=30, check=True
    )
    frozen, watched = map(int, ended.stderr.split()[-2:])
    assert frozen > 10_000
    assert watched < frozen / 10
