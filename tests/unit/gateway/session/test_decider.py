"""Whoever posts an event has it decided at once; one that is posted meanwhile comes next, and in order."""

import asyncio
from typing import Any

import pytest
from structlog.contextvars import get_contextvars

from chassis.logs import bound, unbind
from chassis.tasks import task_group
from gateway.conversation import effects as do
from gateway.conversation import events as e
from gateway.session.decider import INBOX_EVENTS, Decider, Finished
from gateway.session.wheel import Wheel
from tests.support.virtual_time import run_virtual


class Nobody:
    """Takes every call and does nothing."""

    voiced_at = 0.0

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


class Memory(Nobody):
    """Effects that carry out nothing and keep what is to be remembered."""

    def __init__(self) -> None:
        self.committed: list[do.CommitTurn] = []

    def commit(self, turn: do.CommitTurn) -> None:
        self.committed.append(turn)


class Script:
    """A conversation that keeps what it is told. `due`: its deadline. `commands`: its next answer."""

    def __init__(self) -> None:
        self.commands: list[Any] = []
        self.told: list[object] = []
        self.due: float | None = None
        self.breaks = False
        self.bound: dict[str, Any] = {}
        self.meanwhile: list[e.Event] = []
        self.post: Any = None

    def receive(self, event: e.Event) -> list[Any]:
        self.told.append(event)
        self.bound = get_contextvars()
        if self.breaks:
            raise RuntimeError("a bug")
        while self.meanwhile:
            self.post(self.meanwhile.pop(0))
        commands, self.commands = self.commands, []
        return commands

    def next_deadline(self) -> float | None:
        return self.due

    def on_deadline(self, now: float) -> list[Any]:
        if self.breaks:
            raise RuntimeError("a bug")
        self.told.append(round(now, 3))
        self.due = None
        return []


def make(effects: Any = None) -> tuple[Script, Decider]:
    script, nobody = Script(), Nobody()
    loop = asyncio.get_running_loop()
    began = loop.time()
    anything: Any = nobody
    conversation: Any = script
    decider = Decider(
        conversation,
        effects or anything,
        anything,
        anything,
        anything,
        anything,
        Wheel(),
        anything,
        lambda: loop.time() - began,
    )
    script.post = decider.post
    return script, decider


async def for_ever(decider: Decider) -> None:
    async with task_group() as group:
        await decider.run(group)


STOPS: list[e.Event] = [e.UserCommitted(float(number)) for number in range(5)]


def test_events_are_decided_in_the_order_in_which_they_were_posted() -> None:
    async def main() -> None:
        script, decider = make()
        decider.post(STOPS[0])
        assert (script.told, decider.waiting) == ([], 1), "nobody decides before the session runs"
        async with task_group() as group:
            running = group.create_task(decider.run(group))
            await asyncio.sleep(0)
            assert script.told == STOPS[:1]
            script.meanwhile = STOPS[2:4]
            decider.post(STOPS[1])
            assert script.told == STOPS[:4], "all of them, before `post` returned"
            decider.post(STOPS[4])
            assert (script.told, decider.waiting) == (STOPS, 0)
            running.cancel()

    run_virtual(main())


def test_a_deadline_that_moves_on_fires_once_and_one_that_comes_earlier_in_time() -> None:
    async def main() -> None:
        script, decider = make()
        async with task_group() as group:
            running = group.create_task(decider.run(group))
            await asyncio.sleep(0)
            for due in (1.0, 2.0, 3.0):
                script.due = due
                decider.post(STOPS[0])
                await asyncio.sleep(0.5)
            await asyncio.sleep(2)
            script.due = 9.0
            decider.post(STOPS[0])
            script.due = 4.0
            decider.post(STOPS[0])
            await asyncio.sleep(2)
            assert [told for told in script.told if isinstance(told, float)] == pytest.approx([3.0, 4.0])
            running.cancel()
        decider.end()

    run_virtual(main())


def test_what_breaks_on_a_timer_ends_the_session() -> None:
    async def main() -> None:
        script, decider = make()

        script.breaks = True
        script.due = 0.5
        with pytest.raises(RuntimeError, match="a bug"):
            await for_ever(decider)
        script.due, script.breaks = None, False
        decider.end()

    run_virtual(main())


def test_what_breaks_where_somebody_posts_ends_the_session_and_not_the_poster() -> None:
    async def main() -> None:
        script, decider = make()

        async def post() -> None:
            await asyncio.sleep(1)
            script.breaks = True
            decider.post(STOPS[0])
            decider.post(STOPS[1])
            await asyncio.sleep(1)

        poster = asyncio.create_task(post())
        with pytest.raises(RuntimeError, match="a bug"):
            await for_ever(decider)
        await poster
        assert script.told == [STOPS[0]], "nothing is decided any more"
        assert decider.waiting == 1
        script.breaks = False
        decider.end()
        assert script.told[1] == STOPS[1]
        assert isinstance(script.told[2], e.HungUp)

    run_virtual(main())


def test_a_conversation_that_does_not_keep_up_ends_the_session() -> None:
    async def main() -> None:
        _, decider = make()
        for _ in range(INBOX_EVENTS + 1):
            decider.post(STOPS[0])
        assert decider.waiting == INBOX_EVENTS
        with pytest.raises(Finished):
            await for_ever(decider)

    run_virtual(main())


def test_log_lines_name_the_session_whoever_posts() -> None:
    async def main() -> None:
        script, decider = make()
        with bound(session="s1"):
            async with task_group() as group:
                running = group.create_task(decider.run(group))
                await asyncio.sleep(0)
                unbind("session")
                decider.post(STOPS[0])
                running.cancel()
        assert script.bound == {"session": "s1"}
        assert get_contextvars() == {}

    run_virtual(main())


def test_what_is_to_be_remembered_behind_what_breaks_is_remembered_once() -> None:
    async def main() -> None:
        memory = Memory()
        script, decider = make(memory)
        turns = [do.CommitTurn(number, "a question", "an answer", "an", True) for number in (1, 2)]
        script.commands = [do.CloseSession(do.CloseReason.DONE), *turns]
        decider.post(STOPS[0])
        with pytest.raises(Finished):
            await for_ever(decider)
        decider.end()
        assert memory.committed == turns

    run_virtual(main())
