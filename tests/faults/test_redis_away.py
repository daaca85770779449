"""Talking goes on without Redis; when it is back, every turn is in the transcript once, in order."""

import asyncio
import signal

import redis

from tests.faults.talking import begin, complete, connected, converse, until
from tests.support.client import Client
from tests.support.cluster import Cluster

AWAY_S = 5.0


def transcript(victim: Cluster, session: str) -> list[tuple[str, str]]:
    """Turn and user's words of every entry, as Redis has them."""
    with redis.Redis.from_url(
        victim.layout["redis"], socket_timeout=2, socket_connect_timeout=2, decode_responses=True
    ) as store:
        try:
            entries = store.xrange(f"parley:transcript:{session}")
        except redis.RedisError:
            return []
    return [(fields["turn"], fields["user"]) for _, fields in entries]


async def talk(client: Client, seconds: float, said: list[tuple[str, str]]) -> None:
    """Turn after turn for so long; each must go well while nothing is written."""
    until_then = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until_then:
        said.append((str(await converse(client, "say:0.2s")), "say:0.2s"))


async def test_redis_killed_in_mid_conversation_loses_no_turn(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        session = client.controls()[0]["session_id"]
        said: list[tuple[str, str]] = []
        await talk(client, 0.5, said)
        for _ in range(3):
            victim.kill("redis")
            await talk(client, 1.5, said)
        await until(lambda: transcript(victim, session) == said, 15, "every turn to be written")
        turn = await begin(client, "say:5s")
        victim.kill("redis")
        said.append((str(turn), "say:5s"))
    # Hung up in mid-reply, without Redis: the turn is kept as far as it was heard.
    await until(lambda: transcript(victim, session) == said, 15, "the last turn to be written")


async def test_redis_frozen_in_mid_conversation_loses_and_doubles_no_turn(victim: Cluster) -> None:
    async with connected(victim.ws) as client:
        session = client.controls()[0]["session_id"]
        said: list[tuple[str, str]] = []
        await talk(client, 0.5, said)
        victim.signal("redis", signal.SIGSTOP)
        try:
            await talk(client, AWAY_S, said)
            async with connected(victim.ws) as newcomer:
                await converse(newcomer)
        finally:
            victim.signal("redis", signal.SIGCONT)
        await talk(client, 1.0, said)
        await until(lambda: transcript(victim, session) == said, 15, "every turn to be written")
        turn = await begin(client, "say:0.2s")
        await complete(client, turn)
        said.append((str(turn), "say:0.2s"))
        await until(lambda: transcript(victim, session) == said, 5, "the turn after it to be written")
