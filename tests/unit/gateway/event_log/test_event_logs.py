"""The folder of the logs: written beside the event loop, its owner's alone, bounded in number and age."""

import asyncio
import os
import stat
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.tasks import task_group
from gateway.conversation import events as e
from gateway.event_log import event_logs
from gateway.event_log.event_logs import EventLogs
from gateway.event_log.lines import End
from gateway.event_log.record import Record
from tests.unit.gateway.event_log.logged import OTHER, ROOMY, SESSION, head, logs_in, path_of, replayed

EVENT = e.TextTyped(1.0, "tea?")
SOON_S = 20.0


@asynccontextmanager
async def running(logs: EventLogs) -> AsyncIterator[None]:
    async with task_group() as group:
        writer = group.create_task(logs.run())
        yield
        writer.cancel()


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_logs, "WRITE_S", 0.01)


async def test_logs_are_written_while_they_grow_and_to_their_end(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "kept" / "logs")
    record = logs.begin(head())
    async with running(logs), asyncio.timeout(SOON_S):
        record.note(EVENT)
        while not path_of(tmp_path / "kept" / "logs").exists():
            await asyncio.sleep(0.01)
        record.note(EVENT)
        record.close()
        await logs.finish(SOON_S)
    replay, steps = replayed(path_of(tmp_path / "kept" / "logs").read_bytes())
    assert ([step.entry for step in steps], replay.end) == ([EVENT, EVENT], End.CLOSED)
    assert stat.S_IMODE((tmp_path / "kept" / "logs").stat().st_mode) == 0o700


async def test_a_process_that_recorded_nobody_waits_for_nothing(tmp_path: Path) -> None:
    logs = logs_in(tmp_path / "logs")
    with capture_logs() as told:
        await logs.finish(0.0)
    assert told == []
    assert not (tmp_path / "logs").exists()


async def test_a_disk_that_hangs_holds_nobody_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on, hangs = threading.Event(), threading.Event()

    def hang(record: Record) -> None:
        hangs.set()
        goes_on.wait(SOON_S)

    monkeypatch.setattr(Record, "write", hang)
    logs = logs_in(tmp_path)
    record = logs.begin(head())
    try:
        async with running(logs), asyncio.timeout(SOON_S):
            while not hangs.is_set():
                await asyncio.sleep(0.01)
            for _ in range(1000):
                record.note(EVENT)
            record.close()
            with capture_logs() as told:
                await logs.finish(0.05)
        assert [line["event"] for line in told] == ["event logs were not written"]
    finally:
        goes_on.set()


async def test_one_session_whose_log_cannot_be_written_takes_nothing_from_the_others(tmp_path: Path) -> None:
    logs = logs_in(tmp_path)
    path_of(tmp_path).write_text("in the way")
    records = [logs.begin(head(session)) for session in (SESSION, OTHER)]
    async with running(logs):
        for record in records:
            record.note(EVENT)
            record.close()
        await logs.finish(SOON_S)
    assert [step.entry for step in replayed(path_of(tmp_path, OTHER).read_bytes())[1]] == [EVENT]


def aged(path: Path, age_s: float) -> Path:
    path.write_text("{}\n")
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def named(number: int) -> str:
    return f"6f1c0000-0000-4000-8000-{number:012x}"


def test_what_is_too_old_goes_and_nothing_that_is_no_log(tmp_path: Path) -> None:
    old, young = (aged(path_of(tmp_path, session), age) for session, age in ((SESSION, 3700), (OTHER, 3500)))
    others = [aged(tmp_path / name, 9999) for name in ("notes.jsonl", f"{SESSION}.txt", f"x{SESSION}.jsonl")]
    logs_in(tmp_path).tidy()
    assert not old.exists()
    assert all(path.exists() for path in (young, *others))


async def test_old_ones_go_without_a_new_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_logs, "TIDY_S", 0.02)
    logs = logs_in(tmp_path)
    async with running(logs), asyncio.timeout(SOON_S):
        for _ in range(2):
            old = aged(path_of(tmp_path), 3700)
            while old.exists():
                await asyncio.sleep(0.01)


async def test_there_are_never_more_than_may_be_and_the_oldest_go(tmp_path: Path) -> None:
    there = [aged(path_of(tmp_path, named(number)), 100 - number) for number in range(5)]
    other = aged(tmp_path / "notes.jsonl", 9999)
    logs = logs_in(tmp_path, replace(ROOMY, files=4))
    record = logs.begin(head(named(9)))
    record.close()
    logs.write([record])
    assert [path.exists() for path in there] == [False, False, True, True, True]
    assert path_of(tmp_path, named(9)).exists()
    assert other.exists()


async def test_what_cannot_be_tidied_is_told_once(tmp_path: Path) -> None:
    path_of(tmp_path, SESSION).mkdir()
    path_of(tmp_path, OTHER).mkdir()
    logs = logs_in(tmp_path, replace(ROOMY, ttl_s=-60.0))
    with capture_logs() as told:
        logs.tidy()
        logs.tidy()
    assert [line["event"] for line in told] == ["event logs are not tidied"]
