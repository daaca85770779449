"""The Redis in which services that share GPUs agree. Whatever goes wrong with it is raised as `Away`."""

from typing import Any, Self

from chassis.deadlines import within
from chassis.faults import TooSlow
from chassis.tasks import heeding_cancel

ANSWER_S = 2.0


class Away(Exception):
    """Redis does not answer, or there is none."""


class GpuRedis:
    """Runs scripts on one key. Raises Away where there is no Redis to ask."""

    def __init__(self, url: str) -> None:
        if not url:
            raise Away("GPU_LEASE_REDIS_URL is not set")
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
        except ImportError:
            raise Away("Redis' client is not installed: pip install -e '.[gpu]'") from None
        try:
            self._redis: Any = Redis.from_url(
                url,
                socket_timeout=ANSWER_S,
                socket_connect_timeout=ANSWER_S,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
                encoding_errors="replace",
            )
        except (ValueError, TypeError):
            raise Away("Redis' client does not understand GPU_LEASE_REDIS_URL") from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self.close()

    async def run(self, script: str, key: str, *values: object) -> Any:
        """What the script answers. Raises Away when that takes longer than ANSWER_S."""
        from redis.exceptions import RedisError

        with heeding_cancel():
            try:
                async with within(ANSWER_S, "Redis"):
                    return await self._redis.eval(script, 1, key, *map(str, values))
            except (RedisError, OSError, TooSlow) as error:
                raise Away(type(error).__name__) from None

    async def close(self) -> None:
        await self._redis.aclose()
