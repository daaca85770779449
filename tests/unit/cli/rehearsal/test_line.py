"""The caller does each thing when its time has come by what is heard, and hangs up when all is said."""

from collections.abc import Callable

import numpy as np
import pytest

from cli.rehearsal.line import ECHO_DELAY, FRAME, LONGEST_S, QUIET_S, STUCK_S, Line
from cli.rehearsal.player import FRAME_BYTES, Heard
from cli.rehearsal.script import Cue, Script
from cli.rehearsal.takes import Take
from protos.sound import HEARD_RATE

LOUD = (np.ones(FRAME, "<i2") * 4000).tobytes()
SILENT = bytes(FRAME_BYTES)
Cluster = Callable[[int], int]
"""Which reply sounds in which frame, 0: none."""


def cue(trigger: str, seconds: float, lasts_s: float = 0.5, typed: str = "", meant: bool = True) -> Cue:
    sound = np.full(0 if typed else round(lasts_s * HEARD_RATE), 2000, np.int16)
    return Cue(
        typed or "words", "type" if typed else "say", trigger, seconds, meant, sound, (0, len(sound)), typed
    )


def sounds(*spans: tuple[float, float]) -> Cluster:
    """The first reply from when to when, and so on."""

    def reply(frame: int) -> int:
        now = frame * FRAME / HEARD_RATE
        return next((n for n, (begin, end) in enumerate(spans, 1) if begin <= now < end), 0)

    return reply


def acted(cues: list[Cue], cluster: Cluster, echo: float = 0.0) -> tuple[Line, dict[int, list[str]]]:
    line = Line(Script(Take(0, "hibari", 0.0, None), tuple(cues), echo))
    typed = {}
    for frame in range(round((LONGEST_S + 1) * HEARD_RATE / FRAME)):
        if line.is_over:
            break
        reply = cluster(frame)
        _, texts = line.next(Heard(LOUD if reply else SILENT, reply, not reply))
        if texts:
            typed[frame] = texts
    assert line.is_over
    return line, typed


def begins_s(line: Line) -> list[float]:
    return [mark.begin / HEARD_RATE for mark in line.marks]


def test_things_are_done_at_their_time_and_one_after_the_other() -> None:
    line, _ = acted([cue("at", 0.5), cue("then", 0.3), cue("at", 3.0)], sounds())
    assert begins_s(line) == pytest.approx([0.5, 1.3, 3.0], abs=0.02)
    said = np.frombuffer(bytes(line.said), "<i2")
    assert np.count_nonzero(said) == 3 * HEARD_RATE // 2
    assert line.now / HEARD_RATE == pytest.approx(3.5 + QUIET_S, abs=0.05)
    assert line.stuck == ""


def test_a_cue_into_a_reply_waits_for_one_that_is_new() -> None:
    script = [cue("at", 0.0, typed="Tell me."), cue("into_reply", 0.8), cue("into_reply", 0.4)]
    line, typed = acted(script, sounds((1.0, 2.0), (4.0, 6.0)))
    assert typed == {0: ["Tell me."]}
    assert begins_s(line) == pytest.approx([0.0, 1.8, 4.4], abs=0.03)
    assert [mark.over for mark in line.marks] == [0, 1, 2]


def test_a_cue_after_a_reply_waits_for_its_end() -> None:
    line, _ = acted([cue("at", 0.0), cue("after_reply", 0.5)], sounds((1.0, 2.0)))
    assert begins_s(line) == pytest.approx([0.0, 2.5], abs=0.03)
    assert line.marks[1].over == 0


def test_a_reply_that_never_comes_is_not_waited_for_for_ever() -> None:
    line, _ = acted([cue("at", 0.0), cue("into_reply", 0.8)], sounds())
    assert line.stuck == "no reply came for 'words'"
    assert line.now / HEARD_RATE == pytest.approx(0.5 + STUCK_S, abs=0.05)


def test_a_cue_that_has_its_time_is_waited_for_in_silence() -> None:
    line, _ = acted([cue("at", STUCK_S + 5.0)], sounds())
    assert begins_s(line) == pytest.approx([STUCK_S + 5.0], abs=0.02)
    assert line.stuck == ""


def test_a_reply_that_is_held_and_never_goes_on_ends_the_call() -> None:
    line = Line(Script(Take(0, "hibari", 0.0, None), (cue("at", 0.0),)))
    while not line.is_over:
        line.next(Heard(SILENT, 0, False))
    assert line.stuck == "a reply that was begun did not go on"


def test_a_cluster_that_never_falls_silent_does_not_keep_the_caller() -> None:
    line, _ = acted([cue("at", 0.0)], lambda _: 1)
    assert line.stuck == f"the call was not over after {LONGEST_S:g} s"


def test_who_is_still_answered_does_not_hang_up() -> None:
    line, _ = acted([cue("at", 0.0)], sounds((1.0, 20.0)))
    assert line.now / HEARD_RATE == pytest.approx(20.0 + QUIET_S, abs=0.05)


def test_the_microphone_has_an_echo_of_what_is_heard() -> None:
    line, _ = acted([cue("at", 10.0)], sounds((1.0, 2.0)), echo=0.25)
    said = np.frombuffer(bytes(line.said), "<i2").reshape(-1, FRAME)
    echoed = np.flatnonzero((said == 1000).all(axis=1)) * FRAME / HEARD_RATE
    delay_s = ECHO_DELAY * FRAME / HEARD_RATE
    assert (echoed[0], echoed[-1]) == pytest.approx((1.0 + delay_s, 1.98 + delay_s))
    assert len(echoed) == 50


def test_sounds_that_overlap_are_mixed() -> None:
    line, _ = acted([cue("at", 0.0, lasts_s=1.0), cue("at", 0.5)], sounds())
    said = np.frombuffer(bytes(line.said), "<i2")
    assert set(said[HEARD_RATE // 2 : HEARD_RATE]) == {4000}
