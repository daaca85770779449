"""As many sessions as the recogniser has places, not one more; and a language that it does not know."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.limits.bystander import PATH, assert_answered, connected
from tests.limits.own_gateway import own_gateway
from tests.support.cluster import Cluster, cluster, wait_for

PLACES = 3
OFFERED = 8


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A real recogniser with three places."""
    environment = {"STT_ENGINE": "moonshine", "STT_SLOTS": str(PLACES)}
    with cluster(tmp_path_factory.mktemp("small"), environment=environment) as running:
        yield running


async def test_exactly_the_surplus_is_refused_with_503_and_a_time_to_come_again(small: Cluster) -> None:
    async with AsyncExitStack() as stack:
        offered = [stack.enter_async_context(connected(small.ws)) for _ in range(OFFERED)]
        came = await asyncio.gather(*offered, return_exceptions=True)
        refused = [error for error in came if isinstance(error, InvalidStatus)]
        inside = [client for client in came if not isinstance(client, BaseException)]
        assert len(inside) == PLACES
        assert len(refused) == OFFERED - PLACES
        for error in refused:
            assert error.response.status_code == 503
            assert 1 <= int(error.response.headers["Retry-After"]) <= 10
            assert b"place" in error.response.body
        await asyncio.gather(*(assert_answered(client, 6.0) for client in inside))
        await inside[0].socket.close()
        async with asyncio.timeout(5):
            while not await comes_in(small):
                await asyncio.sleep(0.05)
        await asyncio.gather(*(assert_answered(client, 6.0) for client in inside[1:]))


async def test_two_gateways_give_no_place_away_twice(small: Cluster, tmp_path: Path) -> None:
    """Each sees the places of the same recogniser; everybody who gets in can be heard."""

    async def round_of(urls: tuple[str, str]) -> None:
        async with AsyncExitStack() as stack:
            offered = [stack.enter_async_context(connected(urls[n % 2])) for n in range(OFFERED)]
            came = await asyncio.gather(*offered, return_exceptions=True)
            inside = [client for client in came if not isinstance(client, BaseException)]
            refused = [error for error in came if isinstance(error, BaseException)]
            assert {type(error) for error in refused} == {InvalidStatus}
            assert len(inside) == PLACES
            await asyncio.sleep(0.5)
            for client in inside:
                assert not [m for m in client.controls() if m["type"] == "error"], "somebody is deaf"

    with own_gateway(small, tmp_path, {}) as other:
        for _ in range(3):
            await round_of((small.ws, other.ws))
            async with asyncio.timeout(10):
                while small.metric("stt", 'parley_slots_used{engine="moonshine"}'):
                    await asyncio.sleep(0.05)


async def comes_in(small: Cluster) -> bool:
    try:
        async with connect(f"{small.ws}{PATH}"):
            return True
    except InvalidStatus:
        return False


@pytest.mark.parametrize("language", ["xx", "tlh", "%20", "e" * 300])
async def test_a_language_the_recogniser_does_not_know_is_said_and_typed_text_is_answered(
    small: Cluster, language: str
) -> None:
    dropped = 'parley_dropped_audio_seconds_total{path="microphone"}'
    refused = 'parley_turn_errors_total{code="stt_refused"}'
    counted = ("parley_sessions_faulted_total", dropped, refused)
    before = [small.metric("gateway", series) for series in counted]
    async with asyncio.timeout(10):
        while not await comes_in(small):
            await asyncio.sleep(0.1)
    async with connected(small.ws, f"?language={language}") as client:
        error = await client.wait_type("error")
        assert error["code"] == "stt_refused"
        (lacking,) = (await client.wait_type("connected"))["shortcomings"]
        assert "speaks English alone" in lacking
        assert "en" in error["message"]
        assert "understands" in error["message"]
        assert "Traceback" not in error["message"]
        await client.socket.send(bytes(32_000))
        await assert_answered(client, 6.0)
    wait_for(
        lambda: small.metric("gateway", 'parley_sessions{dialect="parley"}') == 0, 5, "the session's end"
    )
    after = [small.metric("gateway", series) for series in counted]
    assert after == [before[0], before[1], before[2] + 1], "the client's choice is no fault of ours"
    assert "Traceback" not in small.log("gateway")
