"""When the pacer is looked at again, there is something to do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audio.pacer import Pacer
from tests.unit.gateway.audio.test_pacer import EPSILON_S, FRAME, FRAME_S, LEAD_S, RATE, pcm


def test_a_wire_of_exact_frames_is_not_looked_at_again_and_again_while_a_frame_is_not_whole() -> None:
    pacer = Pacer(RATE, FRAME, LEAD_S, exact_frames=True)
    pacer.begin()
    pacer.push(pcm(FRAME + 10))
    assert pacer.take(0.0) is not None
    assert pacer.take(FRAME_S + 1) is None
    assert pacer.next_due(FRAME_S + 1) is None, "only more sound, or its end, changes anything"
    pacer.finish()
    assert pacer.next_due(FRAME_S + 1) == FRAME_S + 1


@pytest.mark.parametrize("exact", [True, False])
@given(
    st.lists(
        st.tuples(st.sampled_from(["push", "finish", "wait", "report"]), st.integers(0, 3000)), max_size=12
    )
)
def test_what_is_due_now_can_be_done_now(exact: bool, story: list[tuple[str, int]]) -> None:
    pacer, now = Pacer(RATE, FRAME, LEAD_S, exact), 1.0
    pacer.begin()
    for kind, number in story:
        match kind:
            case "push":
                pacer.push(bytes(2 * number))
            case "finish":
                pacer.finish()
            case "report":
                pacer.report(number, now)
            case _:
                now += number / 1000
        while pacer.take(now):
            pass
        pacer.played_out(now)
        due = pacer.next_due(now)
        assert due is None or due > now - EPSILON_S
        if due is not None and due <= now:
            assert pacer.next_due(now + 0.001) != now + 0.001, (
                "it is looked at again and again, and nothing is done"
            )
