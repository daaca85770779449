"""The load keeps its schedule, spreads its users, and its replies are as long as they are said to be."""

import itertools

import pytest

from tests.load.capacity.script import (
    FRAME_S,
    LEAD_S,
    PERIOD_S,
    REPLY_FRAME_S,
    REPLY_S,
    SPEECH_S,
    Schedule,
    is_last_voiced,
    is_voiced,
    reply_due_s,
)


def test_every_session_sends_a_frame_each_20_ms() -> None:
    schedule = Schedule(started_at=100.0, sessions=7)
    for session in range(7):
        due = [schedule.due(step) for step in range(7 * 50) if schedule.place(step)[0] == session]
        gaps = {round(later - sooner, 9) for sooner, later in itertools.pairwise(due)}
        assert gaps == {FRAME_S}


def test_steps_are_in_the_order_of_their_times_from_the_start_on() -> None:
    schedule = Schedule(started_at=100.0, sessions=3)
    due = [schedule.due(step) for step in range(30)]
    assert due == sorted(due)
    assert due[0] == 100.0
    assert schedule.due(schedule.steps(PERIOD_S)) == pytest.approx(100.0 + PERIOD_S)


def test_a_late_frame_makes_no_later_one_due_later() -> None:
    schedule = Schedule(started_at=0.0, sessions=60)
    assert schedule.due(60 * 50 * 3600) == pytest.approx(3600.0)


@pytest.mark.parametrize("sessions", [1, 10, 60, 100])
def test_users_take_turns_evenly_over_the_period(sessions: int) -> None:
    schedule = Schedule(0.0, sessions)
    ends = sorted(
        schedule.due(step)
        for step in range(schedule.steps(PERIOD_S))
        if is_last_voiced(schedule.place(step)[1])
    )
    assert len(ends) == sessions, "everybody is answered once in a period"
    if sessions > 1:
        gaps = [later - sooner for sooner, later in itertools.pairwise(ends)]
        assert max(gaps) <= PERIOD_S / sessions + 2 * FRAME_S


def test_users_speak_for_as_long_as_is_said() -> None:
    frames = round(PERIOD_S / FRAME_S)
    voiced = [frame for frame in range(frames) if is_voiced(frame)]
    assert len(voiced) * FRAME_S == pytest.approx(SPEECH_S)
    assert [frame for frame in range(frames) if is_last_voiced(frame)] == [voiced[-1]]


@pytest.mark.parametrize(("share", "since"), [(50, 0.0), (50, 3.0), (100, 8.0)])
def test_a_bare_socket_sends_the_share_that_it_was_asked_for(share: int, since: float) -> None:
    frames = [reply_due_s(frame, share) for frame in range(2000)]
    sent = sum(since + PERIOD_S <= due < since + 3 * PERIOD_S for due in frames) * REPLY_FRAME_S
    assert sent / (2 * PERIOD_S) == pytest.approx(share / 100, abs=0.01)


def test_no_frame_is_sent_sooner_than_the_gateway_would() -> None:
    for share in (50, 100):
        for frame in range(300):
            replies, in_reply = divmod(frame, round(REPLY_S / REPLY_FRAME_S)) if share == 50 else (0, frame)
            heard_at = replies * PERIOD_S + in_reply * REPLY_FRAME_S
            assert heard_at - LEAD_S <= reply_due_s(frame, share) + 1e-9
