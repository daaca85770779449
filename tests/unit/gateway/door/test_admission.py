"""A session comes in exactly when its places are there, and its place is given back however it ends."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.faults import BackendFault, NoSlot, TooSlow, Unavailable
from gateway.door.admission import Admission, Shares
from gateway.links import stt
from gateway.links.links import Links
from gateway.links.replica import Replica
from gateway.links.stt import Listening
from protos.parley.v1 import control_pb2

SERVICES = ("stt", "llm", "tts", "analysis")


class FakeLinks(Links):
    """Links whose readiness and slots a test sets."""

    def __init__(self, slots: int = 100, llm: int = 100, tts: int = 100) -> None:
        super().__init__(["a:1"], ["a:1"], ["a:1"], ["a:1"])
        self.up = dict.fromkeys(SERVICES, True)
        for link, total in ((self.stt, slots), (self.llm, llm), (self.tts, tts)):
            set_free(link.replicas[0], total, total)

    @property
    def ready(self) -> dict[str, bool]:
        return self.up

    def set_free(self, free: int) -> None:
        (replica,) = self.stt.replicas
        assert replica.watch.status is not None
        set_free(replica, replica.watch.status.slots_total, free)


def set_free(replica: Replica[Any, Any], total: int, free: int) -> None:
    """As a status says it that has just come."""
    replica.watch.status = control_pb2.ModelStatus(slots_total=total, slots_free=free)
    replica._count_places(replica.watch.status)


@pytest.fixture(autouse=True)
def _services_are_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica counts its free slots only while its stream lives; ours has no server behind it."""
    monkeypatch.setattr("gateway.links.replica.Replica.ready", True)


class Place:
    """A lane at the recogniser, as far as the door is concerned."""

    def __init__(self) -> None:
        self.given_back = 0

    def cancel(self) -> None:
        self.given_back += 1


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch) -> list[Place]:
    """Every place that was reserved: the recogniser confirms each at once."""
    reserved: list[Place] = []

    async def reserve(*_: object) -> Place:
        reserved.append(Place())
        return reserved[-1]

    monkeypatch.setattr(stt, "reserve", reserve)
    return reserved


def make(
    links: FakeLinks | None = None, most: int = 10, per_ip: int = 10, shares: Shares | None = None
) -> Admission:
    return Admission(links or FakeLinks(), most, per_ip, shares)


def enter(admission: Admission, ip: str) -> AbstractAsyncContextManager[object]:
    return admission.place(ip, "session", Listening("en"))


def refusal(admission: Admission, ip: str = "10.0.0.1") -> str:
    with pytest.raises(BackendFault) as caught:
        admission.check(ip)
    return f"{type(caught.value).__name__}: {caught.value}"


async def test_who_comes_in_is_counted_and_gives_the_place_back() -> None:
    admission = make()
    async with enter(admission, "10.0.0.1"):
        assert admission.sessions == 1
    assert admission.sessions == 0


async def test_a_session_that_breaks_gives_its_place_back() -> None:
    admission = make()
    with pytest.raises(ValueError, match="broken"):
        async with enter(admission, "10.0.0.1"):
            raise ValueError("broken")
    assert admission.sessions == 0


async def test_the_gateways_own_bound_is_exact() -> None:
    admission = make(most=2)
    async with enter(admission, "10.0.0.1"):
        async with enter(admission, "10.0.0.2"):
            assert refusal(admission, "10.0.0.3") == "NoSlot: all 2 places are taken; try again later"
        admission.check("10.0.0.3")


async def test_one_address_cannot_take_every_place() -> None:
    admission = make(per_ip=1)
    async with enter(admission, "10.0.0.1"):
        assert refusal(admission, "10.0.0.1").startswith("NoSlot: all 1 places of your address")
        admission.check("10.0.0.2")


@pytest.mark.parametrize("service", ["stt", "llm", "tts"])
async def test_nobody_comes_in_while_a_service_is_not_ready(service: str) -> None:
    links = FakeLinks()
    links.up[service] = False
    assert refusal(make(links)) == f"Unavailable: not ready yet: {service}"


async def test_everything_that_is_not_ready_is_named() -> None:
    links = FakeLinks()
    links.up = dict.fromkeys(SERVICES, False)
    assert refusal(make(links)) == "Unavailable: not ready yet: stt, llm, tts"


async def test_talking_needs_no_analysis() -> None:
    links = FakeLinks()
    links.up["analysis"] = False
    make(links).check("10.0.0.1")


async def test_the_recognisers_slots_bound_the_sessions() -> None:
    admission = make(FakeLinks(slots=1))
    async with enter(admission, "10.0.0.1"):
        # Its lane may not be open yet, so the service still says that one is free.
        assert refusal(admission, "10.0.0.2").startswith("NoSlot: every place of the speech recogniser")


async def test_slots_that_another_gateway_took_are_not_given_away() -> None:
    links = FakeLinks(slots=4)
    admission = make(links)
    links.set_free(0)
    assert "speech recogniser" in refusal(admission)
    links.set_free(1)
    admission.check("10.0.0.1")


async def test_nobody_comes_in_while_the_gateway_leaves() -> None:
    admission = make()
    admission.draining = True
    assert refusal(admission).startswith("Unavailable: this server is leaving")


async def test_a_drain_waits_for_the_last_session_and_not_longer() -> None:
    admission = make()
    await admission.wait_empty(0)
    async with asyncio.TaskGroup() as group:
        async with enter(admission, "10.0.0.1"), enter(admission, "10.0.0.1"):
            waiting = group.create_task(admission.wait_empty(60))
            await asyncio.sleep(0.01)
            assert not waiting.done()
        async with asyncio.timeout(1):
            await waiting


async def test_a_drain_gives_up_on_sessions_that_stay() -> None:
    admission = make()
    async with enter(admission, "10.0.0.1"):
        async with asyncio.timeout(1):
            await admission.wait_empty(0.01)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(1, 5), st.integers(1, 3), st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=40)
)
async def test_places_are_counted_exactly_whatever_comes_and_goes(
    most: int, per_ip: int, steps: list[tuple[bool, int]]
) -> None:
    admission = make(most=most, per_ip=per_ip)
    held: list[tuple[int, AbstractAsyncContextManager[object]]] = []
    for is_arrival, who in steps:
        if not is_arrival:
            if held:
                await held.pop(0)[1].__aexit__(None, None, None)
            continue
        has_room = len(held) < most and sum(ip == who for ip, _ in held) < per_ip
        place = enter(admission, f"10.0.0.{who}")
        if has_room:
            await place.__aenter__()
            held.append((who, place))
        else:
            with pytest.raises(NoSlot):
                await place.__aenter__()
        assert admission.sessions == len(held)


def test_a_refusal_is_worth_another_try() -> None:
    assert NoSlot.retryable
    assert Unavailable.retryable


async def test_a_place_is_reserved_before_anybody_comes_in_and_given_back(places: list[Place]) -> None:
    async with enter(make(), "10.0.0.1") as lane:
        assert [lane] == places
        assert places[0].given_back == 0
    assert places[0].given_back == 1


@pytest.mark.parametrize(
    ("fault", "refused"),
    [
        (NoSlot("all 4 slots are taken"), "NoSlot: all 4 slots are taken"),
        (Unavailable("gone"), "Unavailable: gone"),
        (TooSlow("late"), "Unavailable: the speech recogniser does not answer; try again later"),
    ],
)
async def test_who_cannot_be_heard_after_all_does_not_come_in(
    monkeypatch: pytest.MonkeyPatch, fault: BackendFault, refused: str
) -> None:
    async def reserve(*_: object) -> None:
        raise fault

    monkeypatch.setattr(stt, "reserve", reserve)
    admission = make()
    with pytest.raises(BackendFault) as caught:
        async with enter(admission, "10.0.0.1"):
            raise AssertionError("it came in")
    assert f"{type(caught.value).__name__}: {caught.value}" == refused
    assert admission.sessions == 0


@pytest.mark.parametrize(("service", "name"), [("llm", "language model"), ("tts", "voice")])
async def test_no_more_come_in_than_the_other_services_can_bear(service: str, name: str) -> None:
    links = FakeLinks(**{service: 2})
    admission = make(links, shares=Shares(llm=0.5, tts=0.5))
    for others in range(4):
        links.set_free(100 - others)  # whichever gateway's they are
        admission.check("10.0.0.1")
    links.set_free(96)
    assert refusal(admission) == f"NoSlot: every place of the {name} is taken; try again later"
    make(links, shares=Shares(llm=0, tts=0)).check("10.0.0.1")
