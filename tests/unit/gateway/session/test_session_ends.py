"""How a whole session ends, and how clients that send or read as they should not are borne."""

import asyncio

import pytest

from gateway.conversation.effects import CloseReason
from tests.support.virtual_time import run_virtual
from tests.unit.gateway.session.staged import staged
from tests.unit.gateway.session.wire_rules import check_last

LONG = "One two three four five six seven eight nine ten."


def test_who_says_nothing_is_hung_up_on() -> None:
    async def main() -> None:
        async with staged() as stage:
            await stage.later(29)
            assert not stage.running.done()
            await stage.later(1.5)
            assert stage.socket.closed == [(1000, "nothing was said for a while")]
        assert stage.running.result() is CloseReason.IDLE

    run_virtual(main())


def test_a_gateway_that_leaves_says_so_and_commits_what_was_heard() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="count")
            await stage.later(1)
            stage.session.leave()
            await stage.later(1)
            assert [code for code, _ in stage.socket.closed] == [1012]
            (entry,) = stage.memory.turns
            assert entry.interrupted
            assert entry.heard_text
            assert LONG.startswith(entry.heard_text)
        check_last(stage)

    run_virtual(main())


def test_what_was_half_said_when_the_client_left_is_remembered() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.begin_speech()
            stage.understand("I wanted to s", final=False)
            await stage.later(0.1)
            stage.socket.leave()
            await stage.later(0.5)
            (entry,) = stage.memory.turns
            assert (entry.user_text, entry.interrupted) == ("I wanted to s", True)

    run_virtual(main())


def test_a_session_that_is_cancelled_leaves_nothing_either() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="count")
            await stage.later(1)
            stage.running.cancel()
            await asyncio.wait([stage.running])
            await stage.settle()
            assert stage.socket.closed == [(1012, "this server is leaving; connect again")]
            assert [link.alive for link in stage.links] == [0, 0, 0]
            assert stage.memory.states == ["open", "closed"]
            stage.running = asyncio.ensure_future(returned(CloseReason.LEAVING))

    run_virtual(main())


async def returned(reason: CloseReason) -> CloseReason:
    return reason


def test_a_client_that_reads_nothing_is_dropped_with_its_lanes() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.flows.clear()
            stage.socket.tell("text", text="count")
            await stage.later(4)
            assert not stage.running.done()
            await stage.later(4)
            assert stage.running.result() is CloseReason.TOO_SLOW
            assert stage.audio == []

    run_virtual(main())


def test_a_slow_reader_gets_everything_in_order_and_a_barge_in_takes_back_what_waited() -> None:
    async def main() -> None:
        async with staged(reply=LONG) as stage:
            stage.socket.tell("text", text="count")
            await stage.later(0.5)
            before = len(stage.audio)
            stage.socket.flows.clear()
            await stage.later(2)
            stage.socket.tell("cancel")
            await stage.later(0.2)
            stage.socket.flows.set()
            await stage.later(1)
            assert len(stage.audio) - before <= 1, "what had not left by the stop left after all"
            assert len(stage.messages("flush")) == 1
            assert not stage.running.done()
        check_last(stage)

    run_virtual(main())


def test_a_client_that_floods_is_held_back_to_the_pace_of_sound() -> None:
    async def main() -> None:
        async with staged() as stage:
            second = bytes(32_000)
            stage.socket.give(*[second] * 60)
            await stage.later(10)
            assert 5 + 2 * 10 - 1 <= stage.socket.given <= 5 + 2 * 10 + 2
            assert not stage.running.done()
            stage.socket.leave()
            await stage.later(1)
            assert stage.running.done(), "who is held back and leaves is seen to have left"

    run_virtual(main())


def test_sound_ten_times_too_fast_is_held_back_in_small_pieces_too() -> None:
    async def main() -> None:
        async with staged() as stage:
            for _ in range(5 * 500):
                stage.socket.give(bytes(640))
                await asyncio.sleep(0.002)
            assert (5 + 2 * 5 - 1) * 50 <= stage.socket.given <= (5 + 2 * 5 + 1) * 50

    run_virtual(main())


def test_controls_faster_than_allowed_wait_and_none_is_lost() -> None:
    async def main() -> None:
        async with staged() as stage:
            for _ in range(450):
                stage.socket.tell("ping")
            await stage.later(1)
            assert len(stage.messages("pong")) == pytest.approx(350, abs=5)
            await stage.later(1.5)
            assert len(stage.messages("pong")) == 450

    run_virtual(main())


def test_who_sends_rubbish_again_and_again_is_shown_the_door() -> None:
    async def main() -> None:
        async with staged() as stage:
            stage.socket.give(*["{"] * 19)
            await stage.later(0.5)
            assert stage.errors() == ["bad_message"] * 19
            assert not stage.running.done()
            stage.socket.give("{")
            await stage.later(0.5)
            assert stage.socket.closed == [(1008, "too many messages that could not be understood")]

    run_virtual(main())


def test_two_hours_of_talk_leave_nothing_behind() -> None:
    async def main() -> None:
        async with staged() as stage:
            for number in range(300):
                stage.socket.tell("text", text=f"question {number}")
                await stage.later(24)
            assert len(stage.memory.turns) == 300
            assert stage.tts.alive + stage.llm.alive == 0
            assert len(asyncio.all_tasks()) < 20
        check_last(stage)

    run_virtual(main())
