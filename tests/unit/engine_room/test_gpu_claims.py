"""Declared slices of a card add up to no more than it has, among the living."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.faults import NotReady
from chassis.gpu_cards import GB, Gpu
from engine_room import gpu_claims
from engine_room.engine_host import EngineHost
from engine_room.gpu_claims import Claims, claims_key
from engine_room.gpu_guard import GpuGuard, GpuTerms
from tests.support.redis_server import RedisServer, redis_server
from tests.unit.engine_room.sample_engine import Engine, GpuEngine

CARD = "GPU-1"
KEY = claims_key(CARD)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    shared.client.flushall()
    return shared


async def test_what_fits_beside_the_others_is_claimed_and_what_does_not_is_not(server: RedisServer) -> None:
    stt, llm, tts = (Claims(server.url, f"{name} host:1") for name in ("stt", "llm", "tts"))
    assert await stt.take(CARD, 8 * GB, 22 * GB) == {}
    assert await llm.take(CARD, 14 * GB, 22 * GB) == {"stt host:1": 8 * GB}
    others = {"stt host:1": 8 * GB, "llm host:1": 14 * GB}
    assert await tts.take(CARD, 1, 22 * GB) == others
    assert set(server.client.hkeys(KEY)) == others.keys()
    assert await tts.take("GPU-2", 22 * GB, 22 * GB) == {}, "another card is another matter"
    await llm.drop()
    assert await tts.take(CARD, 14 * GB, 22 * GB) == {"stt host:1": 8 * GB}


async def test_who_is_started_anew_does_not_stand_in_its_own_way(server: RedisServer) -> None:
    assert await Claims(server.url, "llm host:1").take(CARD, 20 * GB, 22 * GB) == {}
    assert await Claims(server.url, "llm host:1").take(CARD, 21 * GB, 22 * GB) == {}
    assert await Claims(server.url, "llm host:2").take(CARD, 2 * GB, 22 * GB) == {"llm host:1": 21 * GB}


async def test_of_many_at_once_only_so_many_get_in_as_fit(server: RedisServer) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(12):
            claims = Claims(server.url, f"tts host:{number}")
            group.create_task(claims.take(CARD, 5 * GB, 22 * GB))
    assert server.client.hlen(KEY) == 4


async def test_a_claim_is_renewed_while_its_owner_lives_and_dropped_when_it_leaves(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_claims, "RENEW_S", 0.01)
    claims = Claims(server.url, "stt host:1")
    await claims.take(CARD, 8 * GB, 22 * GB)
    async with asyncio.TaskGroup() as group:
        keeping = group.create_task(claims.keep())
        server.client.flushall()
        while not server.client.hexists(KEY, "stt host:1"):
            await asyncio.sleep(0.01)
        keeping.cancel()
    assert not server.client.exists(KEY)


async def test_the_claim_of_the_dead_expires(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_claims, "CLAIMED_S", 0.1)
    assert await Claims(server.url, "llm dead:1").take(CARD, 20 * GB, 22 * GB) == {}
    living, claims = Claims(server.url, "stt host:1"), Claims(server.url, "tts host:1")
    while "llm dead:1" in await claims.take(CARD, 5 * GB, 22 * GB):
        await living.take(CARD, 2 * GB, 22 * GB)
        await asyncio.sleep(0.02)
    assert "llm dead:1" not in server.client.hkeys(KEY)


async def test_without_redis_nothing_is_known_of_others_and_the_log_says_so_once() -> None:
    for url, reason in (
        ("redis://:hunter2@127.0.0.1:1/0", "ConnectionError"),
        ("", "GPU_LEASE_REDIS_URL is not set"),
    ):
        claims = Claims(url, "stt host:1")
        with capture_logs() as logs:
            for _ in range(3):
                assert await claims.take(CARD, 30 * GB, 22 * GB) == {}
            await claims.drop()
        assert [line["reason"] for line in logs] == [reason]


async def test_a_claim_is_made_when_redis_is_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_claims, "RENEW_S", 0.01)
    late = RedisServer(tmp_path)
    claims = Claims(late.url, "stt host:1")
    try:
        await claims.take(CARD, 8 * GB, 22 * GB)
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(claims.keep())
            await asyncio.to_thread(late.start)
            while not late.client.hexists(KEY, "stt host:1"):
                await asyncio.sleep(0.01)
            keeping.cancel()
    finally:
        late.client.close()
        late.kill()


# ---------------------------------------------------------------------- the guard


def guarded(engine: Engine, url: str, owner: str, total_gb: int = 24) -> EngineHost[Engine]:
    """On a card that shows all of its memory free."""
    terms = GpuTerms(lease_url=url, one_at_a_time=False)
    gpu = Gpu(0, CARD, "NVIDIA Test", total_gb * GB, total_gb * GB)
    host: EngineHost[Engine] = EngineHost(engine)
    host.guard = GpuGuard(terms, owner, look=lambda: [gpu])
    return host


async def test_a_slice_beside_those_of_others_is_refused_by_how_much_it_is_too_big(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_claims, "RENEW_S", 0.01)
    stt = guarded(GpuEngine("16"), server.url, "stt host:1")
    await stt.load()
    monkeypatch.setattr(gpu_claims, "CLAIMED_S", 0.05)
    tts = guarded(GpuEngine("8"), server.url, "tts host:2")
    with pytest.raises(NotReady) as refused:
        await tts.load()
    assert str(refused.value) == (
        "needs 8.0 GB of GPU 0, which has 24.0 GB; other slices are stt 16.0 GB, 2.0 GB are reserved: "
        "2.0 GB short; lower GPU_SLICE or use another GPU_INDEX"
    )
    assert tts.engine.loads == 0
    await stt.unload(1)
    await tts.load()
    assert server.client.hkeys(KEY) == ["tts host:2"]


async def test_a_load_that_fails_gives_its_slice_back(server: RedisServer) -> None:
    engine = GpuEngine("16")
    engine.problem = NotReady("no such model")
    with pytest.raises(NotReady, match="no such model"):
        await guarded(engine, server.url, "stt host:1").load()
    assert not server.client.exists(KEY)


async def test_a_slice_bigger_than_the_card_is_refused_at_once(server: RedisServer) -> None:
    with pytest.raises(NotReady, match=r"needs 30\.0 GB of GPU 0, 24\.0 GB are free.*8\.0 GB short"):
        await guarded(GpuEngine("30"), server.url, "stt host:1").load()
    assert not server.client.exists(KEY)
