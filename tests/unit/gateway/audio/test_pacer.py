"""The pacer keeps the client fed and never far ahead, and knows what has been heard."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.audio.pacer import BELIEF_S, Pacer

RATE = 24_000
FRAME = 960
FRAME_S = FRAME / RATE
LEAD_S = 0.3
EPSILON_S = 1e-6


def pcm(samples: int, first: int = 0) -> bytes:
    """Samples that can be told apart: they count up from `first`."""
    return b"".join((number % 30_000).to_bytes(2, "little") for number in range(first, first + samples))


@dataclass
class Speaker:
    """A client that plays what it gets from the moment it gets it; knows the truth."""

    received: bytearray = field(default_factory=bytearray)
    dry_at: float = 0.0
    ahead_s: float = 0.0

    def receive(self, frame: bytes, now: float) -> None:
        self.received += frame
        self.dry_at = max(self.dry_at, now) + len(frame) / 2 / RATE
        self.ahead_s = max(self.ahead_s, self.dry_at - now)

    def played(self, now: float) -> float:
        return len(self.received) / 2 - max(self.dry_at - now, 0) * RATE


def make() -> Pacer:
    pacer = Pacer(RATE, FRAME, LEAD_S)
    pacer.begin()
    return pacer


def send_due(pacer: Pacer, speaker: Speaker, now: float) -> None:
    while frame := pacer.take(now):
        speaker.receive(frame, now)


def play_to_the_end(pacer: Pacer, speaker: Speaker, now: float) -> Iterator[float]:
    """Follow the pacer's own clock, as a client that reports, until nothing more is asked for; the times at
    which it was played out.
    """
    silent_s = 0.0
    for _ in range(10_000):
        send_due(pacer, speaker, now)
        if pacer.played_out(now):
            yield now
        due = pacer.next_due(now)
        if due is None and silent_s > 2 * BELIEF_S:
            return
        step_s = 0.25 if due is None else max(due - now, 0) + EPSILON_S
        silent_s = silent_s + step_s if due is None else 0.0
        now += step_s
        if due is None:
            pacer.report(int(speaker.played(now)), now)
    raise AssertionError("the pacer never comes to an end")


steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.integers(1, 3000)),
        st.tuples(st.just("wait"), st.integers(0, 400)),
        st.tuples(st.just("report"), st.integers(0, 100)),
    ),
    max_size=60,
)


@settings(deadline=None)
@given(steps)
def test_the_client_is_never_more_than_the_lead_and_a_frame_ahead(program: list[tuple[str, int]]) -> None:
    pacer, speaker, now, pushed = make(), Speaker(), 0.0, 0
    for step, amount in program:
        if step == "push":
            pacer.push(pcm(amount, pushed))
            pushed += amount
        elif step == "wait":
            now += amount / 1000
        else:
            pacer.report(int(speaker.played(now)), now)
        send_due(pacer, speaker, now)
        assert speaker.ahead_s <= LEAD_S + FRAME_S + EPSILON_S


@settings(deadline=None)
@given(steps)
def test_everything_pushed_is_sent_exactly_once_and_in_order(program: list[tuple[str, int]]) -> None:
    pacer, speaker, now, pushed = make(), Speaker(), 0.0, 0
    for step, amount in program:
        if step == "push":
            pacer.push(pcm(amount, pushed))
            pushed += amount
        elif step == "wait":
            now += amount / 1000
        else:
            pacer.report(int(speaker.played(now)), now)
        send_due(pacer, speaker, now)
        assert pcm(pushed).startswith(speaker.received)
    pacer.finish()
    ends = list(play_to_the_end(pacer, speaker, now))
    assert bytes(speaker.received) == pcm(pushed)
    assert pacer.finished
    assert len(ends) == (1 if pushed else 0), "the end is told once"


@settings(deadline=None)
@given(steps, st.integers(0, 10_000_000))
def test_what_was_played_is_never_more_than_what_was_sent(program: list[tuple[str, int]], claim: int) -> None:
    pacer, speaker, now = make(), Speaker(), 0.0
    for step, amount in program:
        if step == "push":
            pacer.push(pcm(amount))
        elif step == "wait":
            now += amount / 1000
        else:
            pacer.report(claim * amount, now)
        send_due(pacer, speaker, now)
        assert 0 <= pacer.played(now) <= len(speaker.received) // 2


@settings(deadline=None)
@given(steps)
def test_without_reports_the_estimate_is_the_speakers_truth(program: list[tuple[str, int]]) -> None:
    pacer, speaker, now = make(), Speaker(), 0.0
    for step, amount in program:
        if step == "push":
            pacer.push(pcm(amount))
        elif step == "wait":
            now += amount / 1000
        send_due(pacer, speaker, now)
        assert pacer.played(now) == pytest.approx(speaker.played(now), abs=2)


@settings(deadline=None)
@given(st.integers(1, 20_000), st.integers(0, 500))
def test_a_flush_sends_nothing_more_and_tells_no_end(samples: int, wait_ms: int) -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(samples))
    send_due(pacer, speaker, 0.0)
    sent = len(speaker.received)
    now = wait_ms / 1000
    pacer.flush()
    assert list(play_to_the_end(pacer, speaker, now)) == []
    assert len(speaker.received) == sent
    assert pacer.next_due(now) is None
    assert not pacer.played_out(now + 60)
    assert pacer.buffered_s == 0


def test_a_report_moves_the_estimate() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(RATE))
    send_due(pacer, speaker, 0.0)
    assert pacer.played(0.2) == pytest.approx(0.2 * RATE, abs=2)
    pacer.report(int(0.1 * RATE), 0.2)
    assert pacer.played(0.2) == pytest.approx(0.1 * RATE, abs=2)
    assert pacer.played(0.3) == pytest.approx(0.2 * RATE, abs=2)


def test_a_client_that_reports_it_is_behind_is_sent_less() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(RATE))
    send_due(pacer, speaker, 0.0)
    pacer.report(0, 0.1)
    assert pacer.take(0.1) is None, "it has a full lead to play"
    due = pacer.next_due(0.1)
    assert due is not None
    assert due > 0.1


def test_a_report_before_anything_was_sent_changes_nothing() -> None:
    pacer = make()
    pacer.report(10_000, 1.0)
    assert pacer.played(2.0) == 0
    pacer.push(pcm(FRAME))
    assert pacer.take(2.0) is not None


def test_frames_are_whole_until_the_last() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(FRAME * 2 + 5))
    first, second = pacer.take(0.0), pacer.take(0.0)
    assert [len(frame or b"") for frame in (first, second)] == [FRAME * 2, FRAME * 2]
    assert pacer.take(0.0) is None, "five samples wait for company while the client has enough"
    pacer.finish()
    assert len(pacer.take(0.0) or b"") == 10
    assert pacer.finished
    assert speaker.received == b""


def test_a_dry_client_gets_what_there_is() -> None:
    pacer = make()
    pacer.push(pcm(5))
    assert pacer.take(0.0) == pcm(5)


def test_running_dry_in_the_middle_is_counted() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(FRAME))
    send_due(pacer, speaker, 0.0)
    assert pacer.underruns == 0
    pacer.push(pcm(FRAME))
    send_due(pacer, speaker, 1.0)
    assert pacer.underruns == 1


def test_running_dry_and_going_on_tells_each_end_once() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(FRAME))
    send_due(pacer, speaker, 0.0)
    assert not pacer.played_out(FRAME_S - 0.001)
    assert pacer.played_out(FRAME_S)
    assert not pacer.played_out(1.0)
    pacer.push(pcm(FRAME))
    send_due(pacer, speaker, 1.0)
    assert pacer.played_out(2.0)
    assert not pacer.played_out(2.0)


def test_a_reply_without_sound_has_no_end_to_tell() -> None:
    pacer = make()
    pacer.finish()
    assert pacer.finished
    assert pacer.next_due(0.0) is None
    assert not pacer.played_out(10.0)


def test_a_new_turn_starts_from_nothing() -> None:
    pacer, speaker = make(), Speaker()
    pacer.push(pcm(RATE))
    send_due(pacer, speaker, 0.0)
    pacer.begin()
    assert (pacer.sent, pacer.played(0.1), pacer.buffered_s, pacer.finished) == (0, 0, 0.0, False)
    assert pacer.take(0.1) is None
    pacer.push(pcm(FRAME))
    assert pacer.take(0.1) == pcm(FRAME)


def test_what_is_due_can_be_taken_at_that_very_moment() -> None:
    """Else a loop that follows the pacer's clock spins without moving, for ever on virtual time."""
    pacer, speaker, now = make(), Speaker(), 0.0
    pacer.push(pcm(RATE))
    while (due := pacer.next_due(now)) is not None:
        now = due
        send_due(pacer, speaker, now)
        pacer.played_out(now)
        due = pacer.next_due(now)
        assert due is None or due > now, "nothing more can be due now"
