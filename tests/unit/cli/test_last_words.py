"""Why a program does not start is told once, and not among what an earlier start wrote."""

import json
from pathlib import Path

from cli.last_words import last_words, sizes

ROUTINE = json.dumps({"event": "listening", "level": "info"})


def refusal(reason: str, at: int) -> str:
    return json.dumps({"event": "cannot start", "level": "error", "reason": reason, "timestamp": at})


def test_only_what_this_start_wrote_is_told(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    log.write_text("PORT='x' is not possible: of the day before\n")
    begun = sizes(tmp_path)
    assert last_words(log, begun) == "(it wrote nothing)"
    with log.open("a") as more:
        more.write("STT_SLOTS='x' is not possible: a number\n")
    assert last_words(log, begun) == "STT_SLOTS='x' is not possible: a number"
    assert last_words(tmp_path / "stt.log", begun) == "(it wrote nothing)"


def test_a_reason_given_at_every_try_is_told_once_without_the_routine_around_it(tmp_path: Path) -> None:
    log = tmp_path / "gateway.log"
    tries = [line for at in range(3) for line in (ROUTINE, refusal("HOST=0.0.0.0 lets others in", at))]
    log.write_text("\n".join(tries))
    assert last_words(log, {}) == "HOST=0.0.0.0 lets others in"


def test_where_nothing_complains_the_last_lines_are_told(tmp_path: Path) -> None:
    log = tmp_path / "tts.log"
    log.write_text(f"{ROUTINE}\n")
    assert last_words(log, {}) == ROUTINE
