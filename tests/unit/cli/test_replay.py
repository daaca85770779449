"""`parley replay` prints what happened and what was commanded, and says in words what it cannot read."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from gateway import VERSION
from gateway.conversation import events as e
from gateway.conversation.limits import Limits
from gateway.event_log.lines import Deadline, End, line_of
from tests.unit.gateway.event_log.logged import SESSION, head

STORY: list[Any] = [
    e.UserSpeechStarted(0.5, 1),
    e.UserSpeechStopped(1.7, 1, 1.1),
    e.TranscriptFinished(1.9, 1, "it's \x1b[2J tea and " + "cake " * 20),
    e.TranscriptFinished(2.0, 7, "never begun"),
    Deadline(4.95),
    e.ReplyTextArrived(4.97, 1, "Hi"),
    e.SpeechArrived(5.0, 1, 2400, (e.Word("Hi", 0),)),
    e.ReplyStopRequested(5.1),
    e.HungUp(6.0),
]


def log_in(folder: Path, *parts: Any, name: str = "log.jsonl", limits: Limits | None = None) -> Path:
    path = folder / name
    path.write_bytes(b"".join(map(line_of, (head(limits=limits), *parts))))
    return path


def shown(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["replay", *map(str, arguments)])
    out, err = capsys.readouterr()
    return int(ended.value.code or 0), out, err


def test_each_event_stands_at_its_time_with_its_commands_under_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log_in(tmp_path, *STORY, End.CLOSED, limits=Limits(idle_s=12.5))
    status, out, err = shown(capsys, path)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[:3] == [
        f"session {SESSION} of 2026-01-02T03:04:05.678+00:00, Parley {VERSION}, wire parley",
        "agent tutor variants:3 variant='intermediate'",
        "limits idle_s=12.5",
    ]
    assert lines[3:6] == [
        "    0.500  listening   0  UserSpeechStarted utterance=1",
        "                             tell PhaseChanged phase=user_turn turn=1",
        "    1.700  user_turn   1  UserSpeechStopped utterance=1 ended_at=1.1",
    ]
    began = lines.index("    5.100  speaking    1  ReplyStopRequested")
    assert lines[began + 1 : began + 3] == [
        "                             do   StopPlayback reply=1",
        "                             tell PlaybackStopped turn=1 reply=1",
    ]
    assert "    5.000  thinking    1  SpeechArrived reply=1 samples=2400 words:1" in lines
    deadline = lines.index("    4.950  thinking    1  Deadline")
    assert lines[deadline + 1] == "                             do   AskAgain reply=1 late=yes"
    assert lines[-1] == "the session ended here"


def test_what_comes_again_and_does_nothing_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stale = [e.UserSpeechStopped(0.5 + number, 9, 0.0) for number in range(4)]
    path = log_in(tmp_path, *stale, e.UserSpeechStarted(4.0, 1), stale[0], e.HungUp(5.0), stale[1])
    _, out, _ = shown(capsys, path)
    lines = [line for line in out.splitlines() if "Stopped" in line or "more" in line]
    assert lines == [
        "    0.500  listening   0  UserSpeechStopped utterance=9 ended_at=0",
        "                             and 3 more of it until 3.500",
        "    0.500  user_turn   1  UserSpeechStopped utterance=9 ended_at=0",
        "    1.500  closed      1  UserSpeechStopped utterance=9 ended_at=0",
    ]


def test_what_was_said_is_short_and_moves_no_cursor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, out, _ = shown(capsys, log_in(tmp_path, *STORY))
    assert "\x1b" not in out
    (said,) = [line for line in out.splitlines() if "TranscriptFinished utterance=1" in line]
    assert len(said) < 140
    assert 'cake cake ca"…' in said
    odd = replace(head(), session="\x1b[2J", version="\x1b[2J")
    (tmp_path / "odd.jsonl").write_bytes(line_of(odd) + b'{"event":"\\u001b[2J"}\n')
    _, out, err = shown(capsys, tmp_path / "odd.jsonl")
    assert r"\x1b[2J" in out
    assert r"\x1b[2J" in err
    assert "\x1b" not in out + err


def test_for_programs_there_is_an_object_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = log_in(tmp_path, *STORY, End.FULL)
    status, out, _ = shown(capsys, path, "--json")
    objects = [json.loads(line) for line in out.splitlines()]
    log = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert status == 0
    assert objects[0] == log[0]
    assert [step["told"] for step in objects[1:-1]] == log[1:-1]
    assert objects[1] == {
        "at": 0.5,
        "phase": "listening",
        "turn": 0,
        "told": {"event": "UserSpeechStarted", "at": 0.5, "utterance": 1},
        "commands": [{"command": "PhaseChanged", "phase": "user_turn", "turn": 1}],
    }
    assert objects[-1] == {"end": "full"}


@pytest.mark.parametrize(
    ("parts", "cut", "words", "end"),
    [
        ((*STORY, End.CLOSED), 0, "the session ended here", "closed"),
        ((*STORY, End.FULL), 0, "the log was full here (EVENT_LOG_SESSION_MB), the session went on", "full"),
        (STORY, 0, "the log ends here, without an end: the session goes on, or its gateway died", None),
        (STORY, 5, "the last line is cut off: the gateway died while it wrote it", "cut"),
    ],
)
def test_how_the_log_ends_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], parts: Any, cut: int, words: str, end: str | None
) -> None:
    path = log_in(tmp_path, *parts)
    path.write_bytes(path.read_bytes()[: -cut or None])
    status, out, err = shown(capsys, path)
    assert (status, out.splitlines()[-1], err) == (0, words, "")
    _, out, _ = shown(capsys, path, "--json")
    assert json.loads(out.splitlines()[-1]) == {"end": end}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "it is empty"),
        (b"\x7fELF\x00\x01" * 1000, "it is no event log: its first line does not say so"),
        (b'{"a": 1}\n', "it is no event log: its first line does not say so"),
        (line_of(head())[:90], "it is cut off in its first line"),
        (line_of(head()) + b'{"event":"HandRaised","at":1}\n', "line 2: this Parley"),
        (line_of(head()) + b"nonsense\n" + line_of(STORY[0]), "line 2: it is not JSON"),
        (line_of(head()).replace(b'_log":1', b'_log":7'), "its format is 7, of Parley"),
    ],
)
def test_what_cannot_be_replayed_is_explained_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(content)
    status, _, err = shown(capsys, path)
    assert status == 1
    assert err.startswith(f"parley: {path} cannot be replayed: {words}")
    assert err.count("\n") == 1


def test_what_cannot_be_opened_is_explained_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, why in ((tmp_path / "none", "No such file or directory"), (tmp_path, "Is a directory")):
        assert shown(capsys, path) == (1, "", f"parley: {path} cannot be read: {why}\n")


def test_of_several_each_has_a_line_and_the_bad_one_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = log_in(tmp_path, *STORY, End.CLOSED, name="good.jsonl")
    bad = tmp_path / "bad.jsonl"
    bad.write_text("nothing")
    other = log_in(tmp_path, STORY[0], name="other.jsonl")
    status, out, err = shown(capsys, good, bad, other)
    assert status == 1
    assert out.splitlines() == [
        f"{good}: 6.0 s, 1 turn, 1 interrupted, 9 events; the session ended here",
        f"{other}: 0.5 s, 0 turns, 0 interrupted, 1 event; the log ends here, without an end: the session "
        "goes on, or its gateway died",
    ]
    assert err == f"parley: {bad} cannot be replayed: it is no event log: its first line does not say so\n"
    assert shown(capsys, good, other)[0] == 0
    assert shown(capsys, good, other, "--json")[::2] == (1, "parley: --json takes one file, not several\n")


def test_where_there_is_no_core_it_says_so(tmp_path: Path) -> None:
    """As in the image of the command, which has the command alone."""
    path = log_in(tmp_path, *STORY)
    without = "import sys; sys.modules['gateway.event_log'] = None"
    script = f"{without}; from cli.main import main; main(['replay', {str(path)!r}])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("parley: the core that would replay it is not installed here")
