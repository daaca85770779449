"""A session comes in exactly when its places are there, and its place is given back however it ends."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.faults import BackendFault, NoSlot, Unavailable
from gateway.door.admission import Admission
from gateway.links.links import Links
from protos.parley.v1 import control_pb2
from tests.support.leaks import run

SERVICES = ("stt", "llm", "tts", "analysis")


class Stt:
    def __init__(self, slots: int) -> None:
        self.slots = self.free = slots


class FakeLinks(Links):
    """Links whose readiness and slots a test sets."""

    def __init__(self, slots: int = 100) -> None:
        super().__init__(["a:1"], ["a:1"], ["a:1"], ["a:1"])
        self.up = dict.fromkeys(SERVICES, True)
        for replica in self.stt.replicas:
            replica.watch.status = control_pb2.ModelStatus(slots_total=slots, slots_free=slots)

    @property
    def ready(self) -> dict[str, bool]:
        return self.up

    def set_free(self, free: int) -> None:
        (replica,) = self.stt.replicas
        assert replica.watch.status is not None
        replica.watch.status.slots_free = free


@pytest.fixture(autouse=True)
def _stt_is_connected(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica counts its free slots only while its stream lives; ours has no server behind it."""
    monkeypatch.setattr("gateway.links.replica.Replica.ready", True)


def make(links: FakeLinks | None = None, most: int = 10, per_ip: int = 10) -> Admission:
    return Admission(links or FakeLinks(), most, per_ip)


def refusal(admission: Admission, ip: str = "10.0.0.1") -> str:
    with pytest.raises(BackendFault) as caught:
        admission.check(ip)
    return f"{type(caught.value).__name__}: {caught.value}"


def test_who_comes_in_is_counted_and_gives_the_place_back() -> None:
    async def main() -> None:
        admission = make()
        with admission.place("10.0.0.1"):
            assert admission.sessions == 1
        assert admission.sessions == 0

    run(main())


def test_a_session_that_breaks_gives_its_place_back() -> None:
    async def main() -> None:
        admission = make()
        with pytest.raises(ValueError, match="broken"), admission.place("10.0.0.1"):
            raise ValueError("broken")
        assert admission.sessions == 0

    run(main())


def test_the_gateways_own_bound_is_exact() -> None:
    async def main() -> None:
        admission = make(most=2)
        with admission.place("10.0.0.1"):
            with admission.place("10.0.0.2"):
                assert refusal(admission, "10.0.0.3") == "NoSlot: all 2 places are taken; try again later"
            admission.check("10.0.0.3")

    run(main())


def test_one_address_cannot_take_every_place() -> None:
    async def main() -> None:
        admission = make(per_ip=1)
        with admission.place("10.0.0.1"):
            assert refusal(admission, "10.0.0.1").startswith("NoSlot: all 1 places of your address")
            admission.check("10.0.0.2")

    run(main())


@pytest.mark.parametrize("service", ["stt", "llm", "tts"])
def test_nobody_comes_in_while_a_service_is_not_ready(service: str) -> None:
    async def main() -> None:
        links = FakeLinks()
        links.up[service] = False
        assert refusal(make(links)) == f"Unavailable: not ready yet: {service}"

    run(main())


def test_everything_that_is_not_ready_is_named() -> None:
    async def main() -> None:
        links = FakeLinks()
        links.up = dict.fromkeys(SERVICES, False)
        assert refusal(make(links)) == "Unavailable: not ready yet: stt, llm, tts"

    run(main())


def test_talking_needs_no_analysis() -> None:
    async def main() -> None:
        links = FakeLinks()
        links.up["analysis"] = False
        make(links).check("10.0.0.1")

    run(main())


def test_the_recognisers_slots_bound_the_sessions() -> None:
    async def main() -> None:
        admission = make(FakeLinks(slots=1))
        with admission.place("10.0.0.1"):
            # Its lane may not be open yet, so the service still says that one is free.
            assert refusal(admission, "10.0.0.2").startswith("NoSlot: every place of the speech recogniser")

    run(main())


def test_slots_that_another_gateway_took_are_not_given_away() -> None:
    async def main() -> None:
        links = FakeLinks(slots=4)
        admission = make(links)
        links.set_free(0)
        assert "speech recogniser" in refusal(admission)
        links.set_free(1)
        admission.check("10.0.0.1")

    run(main())


def test_nobody_comes_in_while_the_gateway_leaves() -> None:
    async def main() -> None:
        admission = make()
        admission.draining = True
        assert refusal(admission).startswith("Unavailable: this server is leaving")

    run(main())


def test_a_drain_waits_for_the_last_session_and_not_longer() -> None:
    async def main() -> None:
        admission = make()
        await admission.wait_empty(0)
        async with asyncio.TaskGroup() as group:
            with admission.place("10.0.0.1"), admission.place("10.0.0.1"):
                waiting = group.create_task(admission.wait_empty(60))
                await asyncio.sleep(0.01)
                assert not waiting.done()
            async with asyncio.timeout(1):
                await waiting

    run(main())


def test_a_drain_gives_up_on_sessions_that_stay() -> None:
    async def main() -> None:
        admission = make()
        with admission.place("10.0.0.1"):
            async with asyncio.timeout(1):
                await admission.wait_empty(0.01)

    run(main())


@given(
    st.integers(1, 5), st.integers(1, 3), st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=40)
)
def test_places_are_counted_exactly_whatever_comes_and_goes(
    most: int, per_ip: int, steps: list[tuple[bool, int]]
) -> None:
    async def main() -> None:
        admission = make(most=most, per_ip=per_ip)
        held: list[tuple[int, object]] = []
        for is_arrival, who in steps:
            if not is_arrival:
                if held:
                    held.pop(0)[1].__exit__(None, None, None)  # type: ignore[attr-defined]
                continue
            has_room = len(held) < most and sum(ip == who for ip, _ in held) < per_ip
            place = admission.place(f"10.0.0.{who}")
            if has_room:
                place.__enter__()
                held.append((who, place))
            else:
                with pytest.raises(NoSlot):
                    place.__enter__()
            assert admission.sessions == len(held)

    run(main())


def test_a_refusal_is_worth_another_try() -> None:
    assert NoSlot.retryable
    assert Unavailable.retryable
