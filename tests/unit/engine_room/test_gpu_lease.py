"""One model loads at a time on a card; the dead lose their turn, and a missing Redis stops nobody."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from chassis.faults import NotReady
from engine_room import gpu_lease, gpu_redis
from engine_room.gpu_lease import lease_key, loading_turn
from tests.support.redis_server import RedisServer, redis_server

CARD = "GPU-1"
KEY = lease_key(CARD)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def server(shared: RedisServer) -> RedisServer:
    shared.client.flushall()
    return shared


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu_lease, "LOOK_S", 0.01)


def nobody_waits() -> None:
    pass


class Loaders:
    """Counts who loads at the same time."""

    def __init__(self) -> None:
        self.now = self.most = self.done = self.waited = 0

    async def load(self, url: str, uuid: str = CARD) -> None:
        async with loading_turn(url, uuid, self.note_wait):
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(0.02)
            self.now -= 1
            self.done += 1

    def note_wait(self) -> None:
        self.waited += 1


async def test_two_loaders_of_one_card_never_overlap(server: RedisServer) -> None:
    loaders = Loaders()
    async with asyncio.TaskGroup() as group:
        for _ in range(6):
            group.create_task(loaders.load(server.url))
    loaders = loaders
    assert (loaders.done, loaders.most) == (6, 1)
    assert loaders.waited == 5, "each that has to wait is told once"
    assert not server.client.exists(KEY)


async def test_loaders_of_different_cards_do_not_wait_for_each_other(server: RedisServer) -> None:
    async with (
        loading_turn(server.url, "GPU-1", nobody_waits),
        asyncio.timeout(5),
        loading_turn(server.url, "GPU-2", nobody_waits),
    ):
        assert len(server.client.keys("parley:gpu:*:loading")) == 2


async def test_the_turn_of_a_loader_that_died_passes_to_the_next(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "HELD_S", 0.3)
    server.client.set(KEY, "the dead one's", px=int(gpu_lease.HELD_S * 1000))
    waits: list[bool] = []
    async with loading_turn(server.url, CARD, lambda: waits.append(True)):
        assert waits == [True]
        assert server.client.get(KEY) not in (None, "the dead one's")


async def test_a_turn_is_renewed_for_as_long_as_it_is_held(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "RENEW_S", 0.01)
    async with loading_turn(server.url, CARD, nobody_waits):
        server.client.pexpire(KEY, 1000)
        while server.client.pttl(KEY) <= 1000:
            await asyncio.sleep(0.01)


async def test_a_turn_that_redis_forgot_is_taken_anew(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "RENEW_S", 0.01)
    async with loading_turn(server.url, CARD, nobody_waits):
        server.client.flushall()
        while not server.client.exists(KEY):
            await asyncio.sleep(0.01)


async def test_a_turn_that_somebody_else_has_by_now_is_not_given_back(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "RENEW_S", 0.01)
    with capture_logs() as logs:
        async with loading_turn(server.url, CARD, nobody_waits):
            server.client.set(KEY, "theirs", px=60_000)
            await asyncio.sleep(0.1)
    assert server.client.get(KEY) == "theirs"
    assert any("is being loaded on this GPU too" in line["event"] for line in logs)


async def test_a_load_that_fails_or_is_cancelled_gives_its_turn_back(server: RedisServer) -> None:
    async def fail() -> None:
        async with loading_turn(server.url, CARD, nobody_waits):
            raise NotReady("no such model")

    async def wait_for_ever(begun: asyncio.Event) -> None:
        async with loading_turn(server.url, CARD, nobody_waits):
            begun.set()
            await asyncio.Event().wait()

    with pytest.raises(NotReady, match="no such model"):
        await fail()
    assert not server.client.exists(KEY)
    begun = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        loading = group.create_task(wait_for_ever(begun))
        await begun.wait()
        assert server.client.exists(KEY)
        loading.cancel()
    assert not server.client.exists(KEY)


async def test_a_load_ends_also_while_its_turn_is_being_renewed(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redis' client swallows a cancellation that comes while an answer does."""
    monkeypatch.setattr(gpu_lease, "RENEW_S", 0.0005)
    for steps in range(200):
        async with loading_turn(server.url, CARD, nobody_waits):
            await asyncio.sleep(steps % 20 / 2000)


async def test_a_loader_that_stops_waiting_leaves_nothing(server: RedisServer) -> None:
    async with loading_turn(server.url, CARD, nobody_waits), asyncio.TaskGroup() as group:
        waits = asyncio.Event()
        loaders = Loaders()
        loaders.note_wait = waits.set  # type: ignore[method-assign]
        waiting = group.create_task(loaders.load(server.url))
        await waits.wait()
        waiting.cancel()
    assert not server.client.exists(KEY)


async def test_who_waits_for_too_long_is_told_to_try_later(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_lease, "WAIT_S", 0.1)
    server.client.set(KEY, "theirs", px=60_000)
    with pytest.raises(NotReady, match=r"another model.*longer than 0\.1 s; load it again later"):
        await Loaders().load(server.url)
    assert server.client.get(KEY) == "theirs"


# ---------------------------------------------------------------------- without Redis


async def loads_alone(url: str) -> list[str]:
    """The reasons in the log of a load that went on without a turn."""
    loaders = Loaders()
    with capture_logs() as logs:
        await loaders.load(url)
    assert loaders.done == 1
    return [line["reason"] for line in logs if line["event"] == "loading without a turn"]


async def test_where_no_redis_is_named_a_model_loads_and_the_log_says_so() -> None:
    assert await loads_alone("") == ["GPU_LEASE_REDIS_URL is not set"]


async def test_where_redis_is_away_a_model_loads_and_the_log_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gpu_lease, "AWAY_S", 0.1)
    (reason,) = await loads_alone("redis://:hunter2@127.0.0.1:1/0")
    assert reason == "ConnectionError"


async def test_a_redis_that_is_only_starting_is_waited_for(server: RedisServer, tmp_path: Path) -> None:
    loaders = Loaders()
    with capture_logs() as logs:
        async with AsyncExitStack() as stack:
            late = RedisServer(tmp_path)
            group = await stack.enter_async_context(asyncio.TaskGroup())
            loading = group.create_task(loaders.load(late.url))
            await asyncio.sleep(0.05)
            assert loaders.done == 0
            stack.callback(late.client.close)
            stack.callback(late.kill)
            await asyncio.to_thread(late.start)
            await loading
    assert loaders.done == 1
    assert not logs


async def test_a_redis_that_dies_or_freezes_stops_no_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpu_redis, "ANSWER_S", 0.1)
    monkeypatch.setattr(gpu_lease, "RENEW_S", 0.01)
    monkeypatch.setattr(gpu_lease, "AWAY_S", 0.1)
    with capture_logs() as logs, redis_server(tmp_path) as own:
        monkeypatch.setattr(gpu_lease, "HELD_S", 1.0)
        async with loading_turn(own.url, CARD, nobody_waits):
            own.freeze()
            await asyncio.sleep(0.3)
        own.thaw()
        await Loaders().load(own.url)
        async with loading_turn(own.url, CARD, nobody_waits):
            own.kill()
    events = {line["event"] for line in logs}
    assert events >= {"loading turn not renewed", "loading turn not given back"}


async def test_without_redis_client_a_model_loads_and_the_log_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis.asyncio", None)
    reasons = await loads_alone("redis://127.0.0.1:1/0")
    assert reasons == ["Redis' client is not installed: pip install -e '.[gpu]'"]
