"""One clock for all sessions: each is called when it asked for, or a tick later, and never after resting."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.session.wheel import TICK_S, Wheel
from tests.support.virtual_time import VirtualLoop, run_virtual

SLACK_S = 1e-9


class Member:
    """Keeps when it was called."""

    def __init__(self, wheel: Wheel) -> None:
        self.called: list[float] = []
        self.spoke = wheel.join(lambda: self.called.append(asyncio.get_running_loop().time()))


def timers() -> int:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return len(list(loop.pending))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 0.5), st.floats(0, 0.2)), min_size=1, max_size=30))
def test_each_is_called_once_for_the_last_time_it_asked_for(asked: list[tuple[int, float, float]]) -> None:
    async def main() -> None:
        wheel, loop = Wheel(), asyncio.get_running_loop()
        members = [Member(wheel) for _ in range(4)]
        for number, ahead_s, pause_s in asked:
            member = members[number]
            before = len(member.called)
            due = loop.time() + ahead_s
            member.spoke.call_at(due)
            await asyncio.sleep(pause_s)
            if pause_s > ahead_s + TICK_S + SLACK_S:
                (when,) = member.called[before:]
                assert due - SLACK_S <= when <= due + TICK_S + SLACK_S
                assert member.spoke.due is None
        await asyncio.sleep(1)
        assert all(member.spoke.due is None for member in members)
        assert sum(len(member.called) for member in members) <= len(asked)

    run_virtual(main())


def test_who_rests_is_not_called_and_the_wheel_stands_while_nobody_waits() -> None:
    async def main() -> None:
        wheel, loop = Wheel(), asyncio.get_running_loop()
        one, other = Member(wheel), Member(wheel)
        before = timers()
        one.spoke.call_at(loop.time() + 0.1)
        other.spoke.call_at(loop.time() + 0.2)
        one.spoke.rest()
        await asyncio.sleep(0.15)
        other.spoke.rest()
        assert timers() == before
        await asyncio.sleep(1)
        assert one.called == other.called == []

    run_virtual(main())


def test_a_member_may_ask_again_while_it_is_called() -> None:
    async def main() -> None:
        wheel, loop = Wheel(), asyncio.get_running_loop()
        began, called = loop.time(), list[float]()

        def turn() -> None:
            called.append(loop.time() - began)
            if len(called) < 5:
                spoke.call_at(loop.time() + 0.04)

        spoke = wheel.join(turn)
        spoke.call_at(began + 0.04)
        await asyncio.sleep(1)
        assert len(called) == 5
        for before, now in zip([0.0, *called], called, strict=False):
            assert 0.04 - SLACK_S <= now - before <= 0.04 + TICK_S + SLACK_S

    run_virtual(main())


def test_those_who_are_due_together_share_a_turn() -> None:
    async def main() -> None:
        wheel, loop = Wheel(), asyncio.get_running_loop()
        members = [Member(wheel) for _ in range(50)]
        start = loop.time()
        for number, member in enumerate(members):
            member.spoke.call_at(start + 0.05 + number * 0.0001)
        await asyncio.sleep(0.2)
        assert len({when for member in members for when in member.called}) <= 2

    run_virtual(main())


def test_who_asks_for_the_present_moment_is_called_once_a_turn() -> None:
    """A loop's clock may stand still for a millisecond: nobody is called again and again meanwhile."""

    async def main() -> None:
        wheel, loop = Wheel(), asyncio.get_running_loop()
        called = list[float]()

        def turn() -> None:
            called.append(loop.time())
            if len(called) < 100:
                spoke.call_at(called[0])

        spoke = wheel.join(turn)
        spoke.call_at(loop.time())
        await asyncio.sleep(TICK_S * 1.5)
        assert len(called) == 1
        spoke.rest()

    run_virtual(main())
