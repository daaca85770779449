"""A client that has reported once and then no more plays nothing that we know of."""

import pytest

from gateway.audio.pacer import BELIEF_S
from tests.unit.gateway.audio.test_pacer import FRAME, FRAME_S, LEAD_S, RATE, Speaker, make, pcm, send_due


@pytest.mark.parametrize("played_s", [0.0, 0.1, 0.29])
def test_a_client_that_stops_reporting_is_believed_for_a_moment_and_then_its_clock_stops(
    played_s: float,
) -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(RATE * 20))
    send_due(pacer, speaker, 0.0)
    pacer.report(int(played_s * RATE), played_s)
    now = played_s
    while (due := pacer.next_due(now)) is not None:
        now = due
        send_due(pacer, speaker, now)
    most = (played_s + BELIEF_S) * RATE
    assert pacer.played(3600.0) <= most + 2
    assert len(speaker.received) / 2 <= most + (LEAD_S + FRAME_S) * RATE
    assert not pacer.played_out(3600.0)
    pacer.report(len(speaker.received) // 2, 3601.0)
    assert pacer.take(3601.0) is not None, "it plays again"


def test_the_last_of_a_reply_is_not_played_out_for_a_client_that_went_away() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(RATE * 2))
    pacer.finish()
    for tenths in range(8):
        send_due(pacer, speaker, tenths / 10)
        pacer.report(RATE * tenths // 10, tenths / 10)
    now = 0.7
    while (due := pacer.next_due(now)) is not None:
        now = due
        send_due(pacer, speaker, now)
    assert not pacer.played_out(60.0)
    assert pacer.played(60.0) == pytest.approx(1.7 * RATE, abs=RATE * 0.01)


def test_a_client_that_reports_again_after_a_new_turn_is_asked_for_it_anew() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(FRAME))
    send_due(pacer, speaker, 0.0)
    pacer.report(FRAME, 0.1)
    pacer.begin()
    pacer.push(pcm(RATE))
    send_due(pacer, Speaker(), 100.0)
    assert pacer.played(100.2) == pytest.approx(0.2 * RATE, abs=2)
