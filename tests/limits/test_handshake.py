"""What a client may wish for in its handshake; the rest it is told in words, then 1008."""

from pathlib import Path

import pytest

from tests.limits.bystander import PATH, assert_answered, bystander, connected, each
from tests.limits.own_gateway import own_gateway
from tests.support.client import talking_to
from tests.support.cluster import Cluster

IMPOSSIBLE = (
    ("level=guru", "beginner"),
    ("level=", "beginner"),
    ("input_rate=12345", "16000"),
    ("input_rate=-16000", "16000"),
    ("input_rate=%D9%A1%D9%A6%D9%A0%D9%A0%D9%A0", "16000"),
    ("output_rate=0", "24000"),
    ("output_rate=1e4", "24000"),
)
DISGUISED = (
    ("output_rate=00240009", "24000"),
    ("output_rate=0024000999999999", "24000"),
    ("input_rate=0016000" + "9" * 5000, "16000"),
)


@pytest.mark.parametrize("wishes", [IMPOSSIBLE, DISGUISED], ids=["plain", "as a longer number"])
async def test_a_wish_that_cannot_be_met_is_answered_in_words_and_closed_with_1008(
    door: Cluster, wishes: tuple[tuple[str, str], ...]
) -> None:
    async def one(wish: tuple[str, str]) -> None:
        query, word = wish
        async with talking_to(f"{door.ws}{PATH}?{query}") as client:
            error = await client.wait_type("error", 5)
            assert error["code"] == "bad_handshake"
            assert word in error["message"]
            code, reason = await client.wait_closed()
            assert code == 1008
            assert query.split("=")[0] in reason

    async with bystander(door):
        await each(wishes, one)


async def test_any_listed_rate_is_served(door: Cluster) -> None:
    async def one(rate: int) -> None:
        async with connected(door.ws, f"?input_rate={rate}&output_rate={rate}&level=beginner") as client:
            await client.socket.send(bytes(rate // 50 * 2))
            await assert_answered(client)
            seconds = len(client.audio()) / 2 / rate
            assert 0.19 < seconds < 0.21

    await each([8_000, 22_050, 44_100, 96_000], one)


async def test_a_strange_query_does_not_keep_a_client_out(door: Cluster) -> None:
    async def one(query: str) -> None:
        async with connected(door.ws, query) as client:
            await assert_answered(client)

    await each(["?session=%ff%fe", "?language=%00%ff", "?a=1&a=2&level=beginner", "?=&&;"], one)


async def test_a_client_that_names_no_language_speaks_the_operators(door: Cluster, tmp_path: Path) -> None:
    with own_gateway(door, tmp_path, {"SESSION_LANGUAGE": "auto"}) as gateway:
        for wish, language in (("", "auto"), ("?language=de", "de")):
            async with talking_to(f"{gateway.ws}{PATH}{wish}") as client:
                assert (await client.wait_type("connected"))["language"] == language
