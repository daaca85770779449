"""A session is recorded where its client wants it and its operator lets it; a replay decides as it did."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from structlog.testing import capture_logs

from chassis.faults import InvalidArgument
from gateway.conversation import effects as do
from gateway.conversation import snapshot
from gateway.dialects.ai_talk import AiTalkDialect
from gateway.dialects.dialect import Dialect, Handshake
from gateway.dialects.parley import ParleyDialect
from gateway.event_log.lines import End
from gateway.event_log.replay import Replay, Step
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.conversation.scripts import Move
from tests.unit.gateway.event_log.logged import logs_in, replayed, write_all
from tests.unit.gateway.session.playing import SCRIPTS, play
from tests.unit.gateway.session.staged import Stage, staged

CONSENT = {"record": "true"}


def recorded(folder: Path, script: list[Move] | None) -> tuple[Stage, Replay, list[Step]]:
    """A session that was played as a script has it; None: a turn as it should go."""
    stages = []

    async def main() -> None:
        logs = logs_in(folder)
        async with staged(slots=(4, 4), scripted=script is None, query=CONSENT, event_logs=logs) as stage:
            stages.append(stage)
            if script is None:
                await stage.say("how are you")
                await stage.later(3)
            else:
                await play(stage, script)
            write_all(logs)
        write_all(logs)
        assert all(record.is_done for record in logs._records)

    run_virtual(main())
    return stages[0], *replayed((folder / "s1.jsonl").read_bytes())


def test_a_recorded_session_says_so_and_is_replayed_to_its_end(tmp_path: Path) -> None:
    stage, replay, steps = recorded(tmp_path, None)
    assert stage.messages("connected")[0].fields["recorded"] is True
    assert (replay.head.session, replay.head.dialect) == ("s1", "parley")
    (turn,) = [c for step in steps for c in step.commands if isinstance(c, do.CommitTurn)]
    assert (turn.user_text, turn.heard_text) == ("how are you", "Hello there.")
    assert (replay.end, replay.is_cut) == (End.CLOSED, False)
    assert b"You are Alex" not in (tmp_path / "s1.jsonl").read_bytes()


@settings(max_examples=60, deadline=None)
@given(SCRIPTS)
def test_a_replay_commits_what_the_session_did_and_ends_where_it_ended(script: list[Move]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stage, replay, steps = recorded(Path(folder), script)
    turns = [c for step in steps for c in step.commands if isinstance(c, do.CommitTurn)]
    kept = [(entry.turn, entry.user_text, entry.reply_text, entry.heard_text) for entry in stage.memory.turns]
    assert [(turn.turn, turn.user_text, turn.reply_text, turn.heard_text) for turn in turns] == kept
    assert snapshot.take(replay.conversation) == snapshot.take(stage.session._conversation)
    assert replay.end is End.CLOSED


@pytest.mark.parametrize(
    ("make_dialect", "query"),
    [
        (ParleyDialect, {}),
        (ParleyDialect, {"record": "false"}),
        (AiTalkDialect, CONSENT),
    ],
)
def test_who_does_not_ask_for_it_is_not_recorded(
    tmp_path: Path, make_dialect: Callable[[], Dialect], query: dict[str, str]
) -> None:
    async def main() -> None:
        logs = logs_in(tmp_path)
        async with staged(make_dialect(), query=query, event_logs=logs) as stage:
            await stage.say("how are you")
            assert stage.messages("connected")[0].fields.get("recorded", False) is False
        write_all(logs)

    run_virtual(main())
    assert list(tmp_path.iterdir()) == []


def test_who_asks_where_the_operator_keeps_none_is_told_so() -> None:
    async def main() -> None:
        async with staged(query=CONSENT) as stage:
            assert stage.messages("connected")[0].fields["recorded"] is False

    run_virtual(main())


def test_a_folder_that_cannot_be_written_costs_the_session_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")

    async def main() -> None:
        logs = logs_in(tmp_path / "logs")
        async with staged(query=CONSENT, event_logs=logs) as stage:
            for _ in range(3):
                write_all(logs)
                await stage.say("how are you")
                await stage.later(3)
            assert len(stage.memory.turns) == 3

    with capture_logs() as told:
        run_virtual(main())
    warnings = [line for line in told if line["log_level"] == "warning"]
    assert [(line["event"], line["session"]) for line in warnings] == [("event log ended", "s1")]


@pytest.mark.parametrize("given", ["", "1", "yes", "True"])
def test_consent_is_said_plainly_or_not_at_all(given: str) -> None:
    with pytest.raises(InvalidArgument, match="record must be true or false"):
        ParleyDialect().open(Handshake("/v1/conversation", {"record": given}))


def test_what_an_earlier_session_said_belongs_to_the_log_of_one_that_continues_it(tmp_path: Path) -> None:
    """Its decisions hang on it: prompts are cut where they grow too long."""

    async def main() -> None:
        logs = logs_in(tmp_path)
        async with staged(query=CONSENT, event_logs=logs, earlier=(("I had tea.", "Lovely!"),)) as stage:
            await stage.say("how are you")
        write_all(logs)

    run_virtual(main())
    replay, steps = replayed((tmp_path / "s1.jsonl").read_bytes())
    (asked,) = [c for step in steps for c in step.commands if isinstance(c, do.StartReply)]
    assert [message.content for message in asked.messages[1:]] == ["I had tea.", "Lovely!", "how are you"]
    assert replay.head.earlier == (("I had tea.", "Lovely!"),)
