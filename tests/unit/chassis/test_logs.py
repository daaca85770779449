"""What reaches the log of a process."""

import subprocess
import sys

ASKS = """
import asyncio, httpx
from chassis.logs import set_up_logs
from chassis.settings import ProcessSettings

async def main():
    answer = lambda request: httpx.Response(200)
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        await client.get("http://user:canary-password@llm.example/v1/models?key=canary-key")

set_up_logs(ProcessSettings(), "test")
asyncio.run(main())
"""


def test_an_address_with_a_secret_in_it_is_not_logged_by_the_library_that_asks_there() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ASKS], capture_output=True, text=True, timeout=30, check=True
    )
    assert "canary" not in done.stdout + done.stderr
