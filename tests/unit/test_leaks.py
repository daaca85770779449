"""The check for leaked tasks finds them, in whatever pytest runs, and lets clean code alone."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.leaks import Leaked, run

ROOT = Path(__file__).parents[2]
TESTS = """
import asyncio
from pathlib import Path

from hypothesis import given, strategies

from tests import conftest

conftest.UNIT, conftest.TIMEOUT_S = Path(__file__).parent, 0.2
kept = []


async def leave():
    kept.append(asyncio.create_task(asyncio.sleep(60), name="forgotten"))


async def test_that_ends():
    await asyncio.sleep(0)


async def test_that_leaves_a_task():
    await leave()


class TestInAClass:
    async def test_that_leaves_a_task(self):
        await leave()


@given(strategies.just(1))
async def test_whose_example_leaves_a_task(number):
    await leave()


async def test_that_hangs():
    await asyncio.sleep(10)
"""


def test_what_ends_all_its_tasks_is_clean() -> None:
    async def main() -> int:
        async with asyncio.TaskGroup() as group:
            group.create_task(asyncio.sleep(0))
        return 7

    assert run(main()) == 7


def test_a_task_that_is_just_ending_is_no_leak() -> None:
    async def main() -> None:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()

    run(main())


def test_a_task_that_stays_is_named() -> None:
    async def main() -> None:
        main.kept = asyncio.create_task(asyncio.sleep(60), name="forgotten")  # type: ignore[attr-defined]

    with pytest.raises(Leaked, match="forgotten"):
        run(main())


def test_a_test_that_hangs_is_ended() -> None:
    with pytest.raises(TimeoutError):
        run(asyncio.sleep(60), timeout_s=0.02)


def test_each_async_test_that_pytest_runs_is_watched(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    options = ["-p", "tests.conftest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), "-rA"]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *options, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "300"},  # a line of its summary is cut off there
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    told = dict(
        line.split("::", 1)[1].partition(" - ")[::2]
        for line in ran.stdout.splitlines()
        if line.startswith(("PASSED ", "FAILED "))
    )
    assert ran.returncode == 1
    assert told.pop("test_that_ends") == ""
    assert "TimeoutError" in told.pop("test_that_hangs")
    assert told.keys() == {
        "test_that_leaves_a_task",
        "TestInAClass::test_that_leaves_a_task",
        "test_whose_example_leaves_a_task",
    }
    assert all("Leaked: forgotten: <coroutine object sleep" in why for why in told.values()), told
