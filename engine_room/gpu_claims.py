"""What the services have declared of each card, kept in Redis: what is promised is not free.

A model grows into its slice while people talk. By what is free alone a neighbour would be let in, and
somebody's sentence would end for want of memory. Without Redis there is only what is free to go by.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from chassis.logs import get_logger
from engine_room.gpu_redis import Away, GpuRedis

log = get_logger(__name__)
CLAIMED_S = 20.0
"""A service that died has given its slice back after this."""
RENEW_S = 4.0
CLAIM = """
local now = redis.call('time')
local now_ms = now[1] * 1000 + math.floor(now[2] / 1000)
local others, sum = {}, tonumber(ARGV[2])
local all = redis.call('hgetall', KEYS[1])
for at = 1, #all, 2 do
  local bytes, ends_ms = string.match(all[at + 1], '^(%d+) (%d+)$')
  if not ends_ms or tonumber(ends_ms) <= now_ms then
    redis.call('hdel', KEYS[1], all[at])
  elseif all[at] ~= ARGV[1] then
    others[#others + 1], others[#others + 2] = all[at], bytes
    sum = sum + tonumber(bytes)
  end
end
if sum <= tonumber(ARGV[3]) then
  redis.call('hset', KEYS[1], ARGV[1], string.format('%s %.0f', ARGV[2], now_ms + ARGV[4]))
  redis.call('pexpire', KEYS[1], 2 * ARGV[4])
end
return others
"""
"""Ours is written where it fits together with those of the living; answers those."""
DROP = "return redis.call('hdel', KEYS[1], ARGV[1])"


def claims_key(uuid: str) -> str:
    """The key in Redis of a card's claims: a hash of "bytes end_ms" by owner."""
    return f"parley:gpu:{uuid}:slices"


class Claims:
    """The claims of one process. `owner`: the service, a space, and what tells it from others of its kind.

    A claim replaces the one that the same owner had, also in a process that has ended.
    """

    def __init__(self, url: str, owner: str) -> None:
        self._url, self._owner = url, owner
        self._held: dict[str, tuple[int, int]] = {}
        self._away = ""

    async def take(self, uuid: str, size: int, limit: int) -> Mapping[str, int]:
        """Claim `size` bytes of a card, if all claims of it together stay within `limit` bytes.

        Returns what others have claimed, in bytes by owner; empty also where Redis is away.
        """
        others = await self._claim(uuid, size, limit)
        if size + sum(others.values()) <= limit and self._url:
            self._held[uuid] = (size, limit)
        return others

    async def keep(self) -> None:
        """Renew the claims every `RENEW_S` until cancelled, then drop them. Redis may have lost them."""
        try:
            while True:
                await asyncio.sleep(RENEW_S)
                for uuid, (size, limit) in list(self._held.items()):
                    await self._claim(uuid, size, limit)
        finally:
            await self.drop()

    async def drop(self) -> None:
        """Give all claims back; where Redis is away they expire, `CLAIMED_S` after they were renewed last."""
        held, self._held = list(self._held), {}
        for uuid in held:
            await self._run(DROP, uuid)

    async def _claim(self, uuid: str, size: int, limit: int) -> dict[str, int]:
        answer = iter(await self._run(CLAIM, uuid, size, limit, int(CLAIMED_S * 1000)) or ())
        return {owner: int(held) for owner, held in zip(answer, answer, strict=True)}

    async def _run(self, script: str, uuid: str, *values: int) -> Any:
        """The script's answer; None where Redis is away, which is logged when it begins."""
        away, answer = "", None
        try:
            async with GpuRedis(self._url) as redis:
                answer = await redis.run(script, claims_key(uuid), self._owner, *values)
        except Away as reason:
            away = str(reason)
        if away and away != self._away:
            log.warning("slices of others are not known", reason=away)
        self._away = away
        return answer
