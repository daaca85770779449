"""Sound that is held goes on from the exact sample; replies that leave in one piece."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audio.pacer import Pacer
from tests.unit.gateway.audio.test_pacer import FRAME, FRAME_S, LEAD_S, RATE, pcm

STEP_S = 0.01


class Loudspeaker:
    """A client that plays what it has, and can be told to be silent and to throw away what it has."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.heard = bytearray()
        self.silent = False

    def play(self, seconds: float) -> None:
        if not self.silent:
            size = round(seconds * RATE) * 2
            self.heard += self.waiting[:size]
            del self.waiting[:size]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 60),
    st.lists(st.tuples(st.floats(0.0, 0.8), st.floats(0.0, 0.8)), max_size=5),
    st.booleans(),
    st.booleans(),
)
def test_held_sound_is_neither_lost_nor_doubled(
    frames: int, holds: list[tuple[float, float]], cleared: bool, reports: bool
) -> None:
    pacer, speaker, now = Pacer(RATE, FRAME, LEAD_S), Loudspeaker(), 0.0
    pacer.begin()
    pacer.push(pcm(frames * FRAME))
    pacer.finish()

    def run(seconds: float) -> None:
        nonlocal now
        for _ in range(round(seconds / STEP_S)):
            while frame := pacer.take(now):
                speaker.waiting += frame
            speaker.play(STEP_S)
            now += STEP_S
            if reports:
                pacer.report(len(speaker.heard) // 2, now)

    for play_s, hold_s in holds:
        run(play_s)
        pacer.hold(now)
        speaker.silent = True
        before = pacer.played(now)
        run(hold_s)
        assert pacer.played(now) == before, "nothing is heard while it is held"
        assert pacer.next_due(now) is None
        assert not pacer.played_out(now)
        if cleared:
            speaker.waiting.clear()
        pacer.resume(now, cleared)
        speaker.silent = False
    run(frames * FRAME_S + 1)
    whole = pcm(frames * FRAME)
    assert len(speaker.heard) == pytest.approx(
        len(whole), abs=2 * RATE * STEP_S * 2 * (len(holds) + 1) * cleared
    )
    if not cleared:
        assert bytes(speaker.heard) == whole
    assert pacer.played_out(now)


def test_a_cleared_client_gets_again_exactly_what_it_had_not_played() -> None:
    pacer = Pacer(RATE, FRAME, LEAD_S)
    pacer.begin()
    pacer.push(pcm(100 * FRAME))
    sent = bytearray()
    now = 0.0
    while now < 1.0:
        while frame := pacer.take(now):
            sent += frame
        now += STEP_S
    pacer.report(20_000, now)
    pacer.hold(now)
    pacer.hold(now + 0.1)
    assert pacer.take(now + 5) is None
    pacer.resume(now + 5, cleared=True)
    frame = pacer.take(now + 5)
    assert frame is not None
    assert bytes(frame) == pcm(FRAME, first=20_000)
    pacer.resume(now + 6, cleared=True)
    assert pacer.sent == 20_000 + FRAME, "who is not held goes on as before"


def test_a_whole_clip_leaves_in_one_piece_once_all_of_it_has_come() -> None:
    pacer = Pacer(RATE, FRAME, LEAD_S, whole=True)
    pacer.begin()
    for _ in range(10):
        pacer.push(pcm(3 * FRAME))
        assert pacer.take(0.0) is None
        assert pacer.next_due(0.0) is None
    pacer.finish()
    assert pacer.next_due(0.0) == 0.0
    clip = pacer.take(0.0)
    assert clip is not None
    assert len(clip) == 30 * FRAME * 2
    assert pacer.take(9.0) is None
    assert pacer.played(0.5) == RATE // 2
    assert not pacer.played_out(1.1)
    assert pacer.played_out(1.2)
    assert pacer.underruns == 0


def begun() -> Pacer:
    """At 0 as much was sent as may be."""
    pacer = Pacer(RATE, FRAME, LEAD_S)
    pacer.begin()
    pacer.push(pcm(100 * FRAME))
    while pacer.take(0.0):
        pass
    return pacer


def test_a_client_that_cannot_be_held_plays_what_it_has_and_is_not_said_to_have_run_dry() -> None:
    pacer = begun()
    sent = pacer.sent
    pacer.hold(0.1, plays_on=True)
    assert pacer.take(5.0) is None
    assert pacer.next_due(5.0) is None
    assert pacer.played(5.0) == sent, "it played what it had"
    pacer.resume(5.0, cleared=False)
    assert pacer.take(5.0) is not None
    assert pacer.underruns == 0
    assert pacer.played(5.0) == sent


def test_what_the_client_says_it_had_played_is_where_it_goes_on() -> None:
    pacer = begun()
    pacer.hold(0.2)
    thought = pacer.played(0.2)
    pacer.report(thought - 480, 0.25)
    assert pacer.played(9.0) == thought - 480
    pacer.resume(9.0, cleared=False)
    assert pacer.played(9.0) == thought - 480
    assert pacer.played(9.0 + 480 / RATE) == thought
