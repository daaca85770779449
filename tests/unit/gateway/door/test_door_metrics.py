"""Who is turned away is counted under the reason that they are given."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.dialects.parley import ParleyDialect
from gateway.door import metrics
from gateway.door.admission import Admission
from gateway.door.keys import KeyRing
from gateway.door.origins import OriginPolicy
from gateway.door.sockets import Door
from gateway.transports.websocket.protocol import SHORT_WAY
from tests.support.measured import value
from tests.unit.gateway.door.test_admission import (  # noqa: F401
    FakeLinks,
    _services_are_connected,
    enter,
    places,
    refusal,
)

pytestmark = pytest.mark.usefixtures("_services_are_connected", "places")


def counted() -> dict[str, float]:
    return {reason: value("parley_sessions_refused_total", reason=reason) for reason in metrics.REASONS}


def moved(before: dict[str, float]) -> dict[str, float]:
    return {reason: now - before[reason] for reason, now in counted().items() if now != before[reason]}


async def full(admission: Admission, links: FakeLinks) -> str:
    async with enter(admission, "10.0.0.2"), enter(admission, "10.0.0.3"):
        return refusal(admission)


async def address_full(admission: Admission, links: FakeLinks) -> str:
    async with enter(admission, "10.0.0.1"):
        return refusal(admission)


async def leaving(admission: Admission, links: FakeLinks) -> str:
    admission.draining = True
    return refusal(admission)


async def not_ready(admission: Admission, links: FakeLinks) -> str:
    links.up["tts"] = False
    return refusal(admission)


async def no_slot(admission: Admission, links: FakeLinks) -> str:
    links.set_free(0)
    return refusal(admission)


@pytest.mark.parametrize("refused", [full, address_full, leaving, not_ready, no_slot])
async def test_a_refusal_is_counted_once_under_its_reason(refused: Any) -> None:
    links, before = FakeLinks(), counted()
    admission = Admission(links, 2, 1)
    assert await refused(admission, links)
    assert moved(before) == {refused.__name__: 1}


async def test_who_comes_in_is_counted_nowhere_and_the_limit_is_told() -> None:
    before = counted()
    async with enter(Admission(FakeLinks(), 17, 1), "10.0.0.1"):
        assert moved(before) == {}
    assert value("parley_sessions_limit") == 17


class Visitor:
    """As much of a WebSocket as the door asks of one that it does not let in."""

    def __init__(self, headers: dict[str, str], query: dict[str, str]) -> None:
        self.headers, self.query_params = headers, query
        self.client = SimpleNamespace(host="10.0.0.1")
        self.url = SimpleNamespace(path="/v1/conversation")
        self.application_state = None
        without_room = SimpleNamespace(send_now=lambda _: False)
        self.scope = {"extensions": {SHORT_WAY: {"protocol": without_room}}}

    async def accept(self, subprotocol: str | None = None) -> None: ...
    async def send_text(self, text: str) -> None: ...
    async def close(self, code: int, reason: str) -> None: ...


@pytest.mark.parametrize(
    ("headers", "query", "reason"),
    [
        ({"origin": "https://elsewhere.example", "host": "here"}, {}, "origin"),
        ({"authorization": "Bearer wrong"}, {}, "key"),
        ({"authorization": "Bearer right"}, {"input_rate": "7"}, "handshake"),
    ],
)
async def test_the_door_counts_whom_it_does_not_let_in(
    headers: dict[str, str], query: dict[str, str], reason: str
) -> None:
    visitor: Any = Visitor(headers, query)
    nobody: Any = None
    door = Door(nobody, Admission(FakeLinks(), 1, 1), OriginPolicy((), ()), KeyRing(["right"]))
    before = counted()
    async with asyncio.timeout(5):
        await door.welcome(visitor, ParleyDialect)
    assert moved(before) == {reason: 1}
