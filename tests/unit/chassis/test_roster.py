"""Replicas come in by their service's name and go when they no longer answer; an unsure DNS harms nobody."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from chassis import roster
from chassis.addresses import ALL_OF
from chassis.faults import TooSlow
from chassis.roster import Roster

NAME = f"{ALL_OF}stt:50051"
A, B, C = "10.0.0.1:50051", "10.0.0.2:50051", "10.0.0.3:50051"


class Sample:
    """Says whether it is silent; counts how often it runs and ran."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.silent = False
        self.running = self.ended = 0
        self.forgets = 0
        self.failure: Exception | None = None

    async def run(self) -> None:
        self.running += 1
        try:
            while self.failure is None:
                try:
                    await asyncio.sleep(0.001)
                except asyncio.CancelledError:
                    if not self.forgets:
                        raise
                    self.forgets -= 1
            raise self.failure
        finally:
            self.running -= 1
            self.ended += 1


class Names:
    """A DNS whose answer a test sets; None: it is away."""

    def __init__(self, *addresses: str) -> None:
        self.answer: tuple[str, ...] | None = addresses
        self.asked = 0

    async def find(self, name: str) -> frozenset[str]:
        assert name == NAME
        self.asked += 1
        if self.answer is None:
            raise OSError("no answer")
        return frozenset(self.answer)

    async def say(self, *addresses: str) -> None:
        """The answer from now on, and it has been heard."""
        self.answer = addresses
        await self.asked_again()

    async def asked_again(self) -> None:
        before = self.asked
        await until(lambda: self.asked >= before + 2)


@pytest.fixture(autouse=True)
def _asks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "LOOK_AGAIN_S", 0.002)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@asynccontextmanager
async def following(names: Names, *addresses: str) -> AsyncIterator[Roster[Sample]]:
    made = Roster(addresses, Sample, names.find)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_those_with_an_address_are_there_at_once_and_nobody_is_asked_for_them() -> None:
    names = Names()
    async with following(names, A, B) as known:
        assert known.addresses == (A, B)
        await until(lambda: all(member.running == 1 for member in known.members))
        for member in known.members:
            member.silent = True
        await asyncio.sleep(0.02)
        assert known.addresses == (A, B), "whoever is named in the settings is waited for"
    assert [member.running for member in known.members] == [0, 0]
    assert names.asked == 0


async def test_a_name_brings_in_all_behind_it_and_those_who_come_later() -> None:
    names = Names(A, B)
    async with following(names, NAME) as known:
        await until(lambda: known.addresses == (A, B))
        first, second = known.members
        await names.say(A, B, C)
        assert known.addresses == (A, B, C)
        assert known.members[:2] == [first, second], "whoever was there before is not begun anew"
        await until(lambda: known.members[2].running == 1)


async def test_who_has_left_the_name_is_kept_while_it_answers_and_let_go_when_it_does_not() -> None:
    names = Names(A, B)
    async with following(names, NAME) as known:
        await until(lambda: known.addresses == (A, B))
        leaving, staying = known.members
        await names.say(B)
        assert known.members == [leaving, staying]
        leaving.silent = True
        await names.asked_again()
        assert known.members == [staying]
        await until(lambda: leaving.ended == 1)
        assert staying.running == 1
        await names.say(A, B)
        assert set(known.addresses) == {A, B}
        assert known.members[-1] is not leaving


async def test_a_replica_that_the_name_has_but_that_is_silent_is_waited_for() -> None:
    names = Names(A)
    async with following(names, NAME) as known:
        await until(lambda: known.addresses == (A,))
        (member,) = known.members
        member.silent = True
        await names.asked_again()
        assert known.members == [member]


async def test_an_unknown_name_is_asked_until_somebody_is_there_and_a_lost_dns_changes_nothing() -> None:
    names = Names()
    names.answer = None
    async with following(names, NAME) as known:
        await names.asked_again()
        assert known.addresses == ()
        await names.say(A)
        (member,) = known.members
        member.silent = True
        names.answer = None
        await names.asked_again()
        assert known.members == [member]


async def test_a_name_and_an_address_of_it_are_one_replica() -> None:
    async with following(Names(A, B), A, NAME) as known:
        await until(lambda: len(known.members) == 2)
        assert set(known.addresses) == {A, B}


async def test_it_ends_with_all_of_them_also_with_those_that_overhear_it() -> None:
    names = Names(A, B)
    async with following(names, NAME) as known:
        await until(lambda: len(known.members) == 2 and all(m.running for m in known.members))
        known.members[0].forgets = 2
    assert [member.running for member in known.members] == [0, 0]


async def test_it_runs_again_after_it_was_ended() -> None:
    names = Names(B)
    known = Roster([A, NAME], Sample, names.find)
    for times in (1, 2):
        running = asyncio.create_task(known.run())
        await until(lambda: len(known.members) == 2 and all(m.running for m in known.members))
        running.cancel()
        await asyncio.wait([running])
        assert [member.ended for member in known.members] == [times, times]


async def test_a_replica_that_fails_fails_all_of_it() -> None:
    known = Roster([A, B], Sample, Names().find)
    running = asyncio.create_task(known.run())
    await until(lambda: all(member.running for member in known.members))
    known.members[0].failure = ValueError("broken")
    with pytest.raises(ValueError, match="broken"):
        await running
    assert known.members[1].running == 0


async def test_who_is_silent_goes_and_who_answers_stays_when_the_name_is_gone() -> None:
    names = Names(A, B)
    async with following(names, NAME) as known:
        await until(lambda: known.addresses == (A, B))
        gone, staying = known.members
        gone.silent = True
        await names.say()
        assert known.members == [staying]


@pytest.mark.parametrize(
    "error", [socket.gaierror(socket.EAI_AGAIN, "away"), UnicodeError("label too long"), TooSlow("silent")]
)
async def test_whatever_hinders_an_answer_changes_nothing_and_is_said_where_nobody_is_known(
    error: Exception,
) -> None:
    names = Names(A)

    async def fails(name: str) -> frozenset[str]:
        if name == NAME:
            return await names.find(name)
        raise error

    lost = f"{ALL_OF}tts:50051"
    known = Roster([NAME, lost], Sample, fails)
    with capture_logs() as logs:
        running = asyncio.create_task(known.run())
        await until(lambda: known.addresses == (A,))
        await names.asked_again()
        running.cancel()
        await asyncio.wait([running])
    said = [entry for entry in logs if entry["event"] == "no replica found"]
    assert said
    assert {(entry["peer"], entry["reason"]) for entry in said} == {(lost, str(error))}


async def test_names_are_asked_at_the_same_time() -> None:
    together = asyncio.Barrier(2)

    async def both(name: str) -> frozenset[str]:
        await together.wait()
        return frozenset({A if name == NAME else B})

    known = Roster([NAME, f"{ALL_OF}tts:50051"], Sample, both)
    running = asyncio.create_task(known.run())
    await until(lambda: set(known.addresses) == {A, B})
    running.cancel()
    await asyncio.wait([running])
