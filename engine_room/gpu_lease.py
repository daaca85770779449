"""One loader at a time on a GPU: the turn is a key in Redis, renewed while it is held.

While a model loads, what is free on its card changes by the second: a neighbour that measured it then would
measure wrong. A missing Redis must not stop a start: then a model loads without a turn, and the log says so.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from chassis.deadlines import within
from chassis.faults import NotReady, TooSlow
from chassis.logs import get_logger
from chassis.tasks import task_group
from engine_room.gpu_redis import Away, GpuRedis

log = get_logger(__name__)
HELD_S = 30.0
"""A holder that died gives its turn to the next after this."""
RENEW_S = 5.0
WAIT_S = 1800.0
"""Weights may have to be downloaded first, and by more than one before us."""
LOOK_S = 0.5
AWAY_S = 5.0
"""Redis may be starting beside us: so long it is asked again before we go on without it."""
TAKE = """
local holder = redis.call('get', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
"""SET NX PX that may be said again: by a holder who renews, or whose first answer was lost."""
GIVE_BACK = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"


def lease_key(uuid: str) -> str:
    """The key in Redis that holds the token of whoever loads on a card."""
    return f"parley:gpu:{uuid}:loading"


@asynccontextmanager
async def loading_turn(url: str, uuid: str, on_wait: Callable[[], None]) -> AsyncIterator[None]:
    """The body has the card's turn to load. `on_wait`: called once when somebody else has it.

    Raises NotReady when the turn has not come after `WAIT_S`. Where Redis is away, or `url` is empty, the
    body runs without a turn, and a warning is logged.
    """
    lease = await _take(url, uuid, on_wait)
    if lease is None:
        yield
        return
    try:
        async with task_group() as group:
            renewing = group.create_task(lease.keep())
            try:
                yield
            finally:
                renewing.cancel()
    finally:
        await lease.give_back()


async def _take(url: str, uuid: str, on_wait: Callable[[], None]) -> "_Lease | None":
    """The lease, taken; None where Redis is away. Raises NotReady."""
    try:
        lease = _Lease(url, uuid)
        await lease.take(on_wait)
    except Away as away:
        log.warning("loading without a turn", reason=str(away))
        return None
    return lease


class _Lease:
    """One holder's. Its random token is the key's value: only the holder renews or deletes the key."""

    def __init__(self, url: str, uuid: str) -> None:
        self._redis = GpuRedis(url)
        self._key, self._token = lease_key(uuid), uuid4().hex

    async def take(self, on_wait: Callable[[], None]) -> None:
        """Raises NotReady when the turn does not come, Away when Redis does not answer; closed then."""
        try:
            async with within(WAIT_S, "waiting for another model to be loaded on this GPU"):
                if not await self._try():
                    on_wait()
                    await self._wait()
        except Away:
            await self._redis.close()
            raise
        except TooSlow as late:
            await self.give_back()
            raise NotReady(f"{late}; load it again later") from None
        except BaseException:
            await self.give_back()  # it may have come while we were leaving
            raise

    async def _wait(self) -> None:
        while True:
            await asyncio.sleep(LOOK_S * random.uniform(0.5, 1.0))
            if await self._try():
                return

    async def _try(self) -> bool:
        """Whether it is our turn now. Raises Away when Redis has not answered for AWAY_S."""
        now = asyncio.get_running_loop().time
        until = now() + AWAY_S
        while True:
            try:
                return await self._say(TAKE)
            except Away:
                if now() > until:
                    raise
            await asyncio.sleep(LOOK_S)

    async def keep(self) -> None:
        """Renew every `RENEW_S` until cancelled. A turn that Redis lost is taken anew, if it is free."""
        while True:
            await asyncio.sleep(RENEW_S)
            try:
                if not await self._say(TAKE):
                    log.warning("another model is being loaded on this GPU too")
            except Away as away:
                log.warning("loading turn not renewed", reason=str(away))

    async def give_back(self) -> None:
        """Free the turn; where Redis is away it expires, `HELD_S` after it was renewed last."""
        try:
            await self._say(GIVE_BACK)
        except Away as away:
            log.warning("loading turn not given back", reason=str(away), ends_in_s=HELD_S)
        finally:
            await self._redis.close()

    async def _say(self, script: str) -> bool:
        """Whether the script says yes. Raises Away when Redis does not answer."""
        return bool(await self._redis.run(script, self._key, self._token, int(HELD_S * 1000)))
