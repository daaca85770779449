"""Redis, as the analysis sees it: what a session said, and the reports made of it.

Never a failure: with Redis away there is nothing to read and nothing is kept, and the log says so.
"""

import asyncio
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from analysis_service.engine import Report
from analysis_service.keeping import read_report, write_report
from chassis.logs import get_logger

log = get_logger(__name__)
WAIT_MS = 700
"""For a turn that is still being written: transcripts are written behind the conversation."""
READ_S = 1.0
TIMEOUT_S = 0.5
MOST_KEPT = 8
"""Reports of one session, each of another stage of it."""

_AWAY = (RedisError, OSError, TimeoutError)


class Store:
    """`ttl_s`: how long a report is kept after it was last asked for."""

    def __init__(self, url: str, ttl_s: int) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=READ_S,
                socket_connect_timeout=TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
                encoding_errors="replace",
            )
        except (ValueError, TypeError):
            raise OSError(
                "Redis' client does not understand REDIS_URL: write redis://:password@host:port/0, and after "
                "a ? only parameters that it knows"
            ) from None
        self._ttl_s = ttl_s

    async def utterances(self, session: str, last_turn: int) -> tuple[str, ...] | None:
        """What the user said, oldest first, one entry a turn.

        None when Redis is away, or does not hold `last_turn` within WAIT_MS.
        """
        key = transcript_key(session)
        try:
            async with asyncio.timeout(READ_S):
                # Answers as soon as there is an entry after this id, and a turn's own is {turn}-1.
                if last_turn and not await self._redis.xread({key: f"{last_turn}-0"}, 1, WAIT_MS):
                    log.warning("transcript lacks the last turn", last_turn=last_turn)
                    return None
                entries: Any = await self._redis.xrange(key)
        except _AWAY as error:
            log.warning("transcript not read", reason=type(error).__name__)
            return None
        said = (fields.get("user", "") for _, fields in entries)
        return tuple(text for text in said if text.strip())

    async def kept(self, session: str, digest: str) -> Report | None:
        """The report made of this before, if there is one."""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                text: Any = await self._redis.hget(analysis_key(session), digest)
        except _AWAY as error:
            log.warning("kept report not read", reason=type(error).__name__)
            return None
        return read_report(text) if text else None

    async def keep(self, session: str, digest: str, report: Report) -> Report:
        """Keep it. The first that is kept counts: the report to be given is returned."""
        key = analysis_key(session)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                async with self._redis.pipeline(transaction=True) as pipe:
                    pipe.hsetnx(key, digest, write_report(report))
                    pipe.expire(key, self._ttl_s)
                    pipe.hget(key, digest)
                    pipe.hkeys(key)
                    _, _, text, digests = await pipe.execute()
                if len(digests) > MOST_KEPT:
                    others = [other for other in digests if other != digest]
                    await self._redis.hdel(key, *others)
        except _AWAY as error:
            log.warning("report not kept", reason=type(error).__name__)
            return report
        return read_report(text) or report

    async def close(self) -> None:
        await self._redis.aclose()


def transcript_key(session: str) -> str:
    """The gateway writes it: a stream whose entry ids are {turn}-1."""
    return f"parley:transcript:{session}"


def analysis_key(session: str) -> str:
    return f"parley:analysis:{session}"
