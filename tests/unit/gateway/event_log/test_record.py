"""A log takes what it is given without waiting; what cannot be kept ends it, with one warning."""

import errno
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.conversation import events as e
from gateway.event_log.lines import End, line_of
from gateway.event_log.record import END_BYTES, WAITING_BYTES, Record
from tests.unit.gateway.event_log.logged import SESSION, head, path_of, replayed

HEAD_BYTES = len(line_of(head()))
EVENTS = [e.TextTyped(float(number), "tea?") for number in range(9)]
EVENT_BYTES = len(line_of(EVENTS[0]))
ROOM = 1_000_000


def record_in(folder: Path, most_bytes: int = ROOM) -> Record:
    return Record(path_of(folder), head(), most_bytes)


def test_what_was_noted_is_in_the_file_once_and_in_order(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    assert not path_of(tmp_path).exists(), "only the thread goes to the disk"
    for number, event in enumerate(EVENTS):
        record.note(event)
        if number % 2:
            record.write()
    assert not record.is_done
    record.close()
    record.close()
    record.note(EVENTS[0])
    assert not record.is_done
    record.write()
    assert record.is_done
    record.write()
    replay, steps = replayed(path_of(tmp_path).read_bytes())
    assert [step.entry for step in steps] == EVENTS
    assert replay.end is End.CLOSED


def test_a_log_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        record_in(tmp_path).write()
    finally:
        os.umask(before)
    assert stat.S_IMODE(path_of(tmp_path).stat().st_mode) == 0o600


@pytest.mark.parametrize("room", [0, 1, EVENT_BYTES - 1])
def test_a_log_that_is_full_says_so_within_its_bound(tmp_path: Path, room: int) -> None:
    most = HEAD_BYTES + 3 * EVENT_BYTES + END_BYTES + room
    record = record_in(tmp_path, most)
    with capture_logs() as told:
        for event in EVENTS:
            record.note(event)
        record.write()
        record.close()
    assert record.is_done
    data = path_of(tmp_path).read_bytes()
    replay, steps = replayed(data)
    assert [step.entry for step in steps] == EVENTS[:3]
    assert replay.end is End.FULL
    assert len(data) <= most
    assert told == [], "it is the operator's bound"


def test_a_disk_that_does_not_keep_up_ends_the_log(tmp_path: Path) -> None:
    record, text = record_in(tmp_path, 100 * WAITING_BYTES), "x" * 10_000
    with capture_logs() as told:
        for number in range(WAITING_BYTES // 10_000 - 1):
            record.note(e.TextTyped(float(number), text))
        assert told == []
        for number in range(9):
            record.note(e.TextTyped(float(number), text))
    assert [line["reason"] for line in told] == ["the disk does not keep up"]
    assert record.is_done
    record.write()
    assert not path_of(tmp_path).exists()


def test_one_that_is_written_from_time_to_time_may_be_longer_than_what_may_wait(tmp_path: Path) -> None:
    record, text = record_in(tmp_path, 100 * WAITING_BYTES), "x" * 10_000
    for number in range(3 * WAITING_BYTES // 10_000):
        record.note(e.TextTyped(float(number), text))
        if number % 20 == 0:
            record.write()
    record.close()
    record.write()
    assert len(replayed(path_of(tmp_path).read_bytes())[1]) == 3 * WAITING_BYTES // 10_000


def spoil_folder(folder: Path) -> None:
    folder.rmdir()


def spoil_by_a_file_of_that_name(folder: Path) -> None:
    path_of(folder).write_text("another's")


@pytest.mark.parametrize("spoil", [spoil_folder, spoil_by_a_file_of_that_name])
def test_what_cannot_be_opened_is_told_once_and_ends_the_log(tmp_path: Path, spoil: Any) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    spoil(folder)
    record = record_in(folder)
    with capture_logs() as told:
        for event in EVENTS:
            record.note(event)
            record.write()
        record.close()
    assert record.is_done
    assert [(line["log_level"], line["session"]) for line in told] == [("warning", SESSION)]
    assert str(path_of(folder)) in told[0]["reason"]
    if folder.exists():
        assert path_of(folder).read_text() == "another's"


def test_a_log_that_was_removed_meanwhile_is_not_begun_in_its_middle(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    record.write()
    path_of(tmp_path).unlink()
    with capture_logs() as told:
        record.note(EVENTS[0])
        record.write()
    assert record.is_done
    assert len(told) == 1
    assert not path_of(tmp_path).exists()


def test_a_disk_that_is_full_ends_the_log_where_it_was_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a line may have been written: it is replayed up to there."""
    left = HEAD_BYTES + EVENT_BYTES + 7
    real = os.write

    def write(file: int, data: bytes) -> int:
        nonlocal left
        if not left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = real(file, data[:left])
        left -= written
        return written

    monkeypatch.setattr(os, "write", write)
    record = record_in(tmp_path)
    with capture_logs() as told:
        for event in EVENTS:
            record.note(event)
            record.write()
    assert [line["reason"].endswith(os.strerror(errno.ENOSPC)) for line in told] == [True]
    replay, steps = replayed(path_of(tmp_path).read_bytes())
    assert ([step.entry for step in steps], replay.is_cut) == (EVENTS[:1], True)


def test_a_disk_that_fails_after_it_did_not_keep_up_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = record_in(tmp_path, 100 * WAITING_BYTES)

    def write(file: int, data: bytes) -> int:
        record.note(e.TextTyped(1.0, "x" * WAITING_BYTES))
        record.note(EVENTS[0])
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "write", write)
    with capture_logs() as told:
        record.write()
    assert [line["reason"] for line in told] == ["the disk does not keep up"]


def test_a_session_that_goes_on_from_more_than_a_log_may_hold_has_none(tmp_path: Path) -> None:
    long = head(earlier=(("x" * 2 * WAITING_BYTES, ""),))
    with capture_logs() as told:
        records = [Record(path_of(tmp_path), long, most) for most in (2 * WAITING_BYTES, 3 * WAITING_BYTES)]
    assert [line["reason"] for line in told] == [
        "what its session goes on from is more than EVENT_LOG_SESSION_MB"
    ]
    assert [record.is_done for record in records] == [True, False]
    for record in records:
        record.note(EVENTS[0])
        record.write()
    assert [step.entry for step in replayed(path_of(tmp_path).read_bytes())[1]] == EVENTS[:1]


def test_an_event_that_cannot_be_written_ends_the_log_and_not_the_session(tmp_path: Path) -> None:
    record = record_in(tmp_path)
    odd: Any = e.TextTyped(1.0, object())  # type: ignore[arg-type]
    with capture_logs() as told:
        record.note(odd)
        record.note(EVENTS[0])
        unwritable = Record(path_of(tmp_path), replace(head(), language=odd), ROOM)
    assert [line["reason"] for line in told] == [
        "TextTyped cannot be written: TypeError",
        "Head cannot be written: TypeError",
    ]
    assert record.is_done
    assert unwritable.is_done
