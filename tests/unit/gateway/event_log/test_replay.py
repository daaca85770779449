"""What was recorded is decided again exactly as it was, from the file alone."""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.conversation import snapshot
from gateway.conversation.agent import TUTOR, Agent
from gateway.conversation.conversation import Command
from gateway.conversation.limits import Limits
from gateway.event_log.lines import BadLog, Deadline, End, line_of
from gateway.event_log.recorded import Recorded
from gateway.event_log.replay import Replay
from tests.unit.gateway.conversation.referee import Referee
from tests.unit.gateway.conversation.scripts import SCRIPTS, Move
from tests.unit.gateway.event_log.logged import head, logs_in, path_of, replayed, write_all

EARLIER = (("I had tea.", "Lovely!"), ("and cake", ""))


class Kept(Recorded):
    """And what it commanded, each time that it was told something."""

    answers: list[list[Command]]

    def receive(self, event: e.Event) -> list[Command]:
        self.answers.append(answer := super().receive(event))
        return answer

    def on_deadline(self, now: float) -> list[Command]:
        self.answers.append(answer := super().on_deadline(now))
        return answer


def decided(command: Command) -> Command:
    """Without the prompt, which is not in a log."""
    return replace(command, messages=command.messages[1:]) if isinstance(command, do.StartReply) else command


def record(folder: Path, script: list[Move], earlier: Sequence[tuple[str, str]]) -> Kept:
    """A conversation that was played as a script has it; its log is in the folder."""
    logs = logs_in(folder)

    def begin(agents: list[Agent], limits: Limits) -> Kept:
        kept = Kept(agents, limits, logs.begin(head(limits=limits, earlier=tuple(earlier))).note)
        kept.go_on_from(earlier)
        kept.answers = []
        return kept

    referee = Referee(begin)
    (written,) = logs._records
    for number, move in enumerate(script):
        referee.play([move], settles=number == len(script) - 1)
        if number % 3 == 0:
            write_all(logs)
    written.close()
    write_all(logs)
    conversation: Kept = referee.conversation
    return conversation


@settings(max_examples=300, deadline=None)
@given(SCRIPTS, st.sampled_from(((), EARLIER)))
def test_a_replay_commands_what_was_commanded_and_ends_where_it_ended(
    script: list[Move], earlier: tuple[tuple[str, str], ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        original = record(Path(folder), script, earlier)
        replay, steps = replayed(path_of(Path(folder)).read_bytes())
    told = [[decided(command) for command in step.commands] for step in steps]
    assert told == [[decided(command) for command in answer] for answer in original.answers]
    assert snapshot.take(replay.conversation) == snapshot.take(original)
    assert (replay.end, replay.is_cut) == (End.CLOSED, False)


STORY: list[Any] = [
    e.TextTyped(0.5, "hello"),
    e.ReplyTextArrived(0.75, 1, "Hi "),
    Deadline(9.0),
    e.HungUp(10.0),
]


def log_of(*parts: Any) -> bytes:
    return b"".join(map(line_of, (head(), *parts)))


def test_a_step_says_in_which_phase_it_happened() -> None:
    _, steps = replayed(log_of(*STORY))
    assert [step.entry for step in steps] == STORY
    assert [(step.phase.value, step.turn) for step in steps] == [
        ("listening", 0),
        ("thinking", 1),
        ("thinking", 1),
        ("thinking", 1),
    ]
    assert any(isinstance(command, do.StartReply) for command in steps[0].commands)


def test_a_log_that_was_cut_off_anywhere_is_replayed_as_far_as_it_goes() -> None:
    whole, first = log_of(*STORY, End.CLOSED), len(line_of(head()))
    for length in range(first, len(whole)):
        replay, steps = replayed(whole[:length])
        assert [step.entry for step in steps] == STORY[: len(steps)]
        lines = whole[:length].count(b"\n") - 1
        assert len(steps) in (lines, lines + 1), "one without its line's end may still be whole"
        is_whole_line = whole[:length].endswith((b"\n", b"}"))
        assert replay.is_cut is not is_whole_line
        assert replay.end is (End.CLOSED if length == len(whole) - 1 else None)


def test_a_log_that_was_cut_off_in_its_first_line_says_so() -> None:
    first = line_of(head())
    for length in range(len(b'{"parley_event_log"'), len(first)):
        with pytest.raises(BadLog, match="cut off in its first line"):
            Replay(io.BytesIO(first[:length]))
    with pytest.raises(BadLog, match="it is empty"):
        Replay(io.BytesIO(b""))


def test_what_cannot_be_read_in_the_middle_is_named_by_its_line() -> None:
    replay = Replay(io.BytesIO(log_of(STORY[0]) + b'{"event":"HandRaised","at":1}\n' + log_of(*STORY[1:])))
    steps = replay.steps()
    assert next(steps).entry == STORY[0]
    with pytest.raises(BadLog, match=r"^line 3: this Parley .* knows no event HandRaised"):
        next(steps)


def test_nothing_is_replayed_that_stands_behind_the_end() -> None:
    replay, steps = replayed(log_of(STORY[0], End.FULL, STORY[1]))
    assert ([step.entry for step in steps], replay.end) == (STORY[:1], End.FULL)


def test_what_was_recorded_before_it_broke_is_in_the_log() -> None:
    noted: list[Any] = []
    conversation = Recorded([TUTOR], Limits(), noted.append)
    conversation.state.floor = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        conversation.receive(STORY[0])
    with pytest.raises(AttributeError):
        conversation.on_deadline(1.0)
    assert noted == [STORY[0], Deadline(1.0)]
