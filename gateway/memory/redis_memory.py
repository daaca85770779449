"""Writes entries to Redis behind the conversation: talking goes on while Redis is away.

Entries wait in a bounded buffer, in order; they are written when Redis answers. A transcript is a
stream whose entry ids are the turn numbers, so that a turn written twice is stored once.
"""

import asyncio
from collections import deque
from typing import Any

import redis.asyncio as redis
from prometheus_client import Counter, Gauge
from redis.exceptions import RedisError, ResponseError

from chassis.logs import get_logger
from chassis.metrics import REGISTRY
from chassis.tasks import heeding_cancel
from gateway.memory.entries import Entry, SessionRecord, TranscriptEntry, size_of

log = get_logger(__name__)
BUFFER_BYTES = 5 * 1024 * 1024
TIMEOUT_S = 0.5
RETRY_S = 0.5
CHECK_S = 5.0
BATCH = 64
MAX_TURNS = 2000
MAX_CONTINUED = 8
"""Sessions in a row that a connection broke off."""
MAX_SAID = 100
"""The latest turns of them: more than a prompt holds. A client waits for them before it is let in."""

WAITING = Gauge("parley_memory_waiting_bytes", "Bytes that wait for Redis", registry=REGISTRY)
LOST = Counter(
    "parley_memory_lost_entries_total", "Entries dropped because the buffer was full", registry=REGISTRY
)
WRITTEN = Counter("parley_memory_written_entries_total", "Entries written to Redis", registry=REGISTRY)
UP = Gauge("parley_redis_up", "1 when the last call to Redis worked", registry=REGISTRY)


class RedisMemory:
    """`remember` never waits and never fails; `run` does the writing."""

    def __init__(self, url: str, ttl_s: int) -> None:
        try:
            self._redis = redis.Redis.from_url(
                url,
                socket_timeout=TIMEOUT_S,
                socket_connect_timeout=TIMEOUT_S,
                decode_responses=True,
                encoding_errors="replace",
            )
        except (ValueError, TypeError):
            raise OSError(
                "Redis' client does not understand REDIS_URL: write redis://:password@host:port/0, and after "
                "a ? only parameters that it knows"
            ) from None
        self._ttl_s = ttl_s
        self._waiting: deque[Entry] = deque()
        self._bytes = 0
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.up = False

    def remember(self, entry: Entry) -> None:
        """Queue for writing. When the buffer is full the oldest entries go, counted."""
        self._waiting.append(entry)
        self._bytes += size_of(entry)
        while self._bytes > BUFFER_BYTES:
            self._bytes -= size_of(self._waiting.popleft())
            LOST.inc()
        WAITING.set(self._bytes)
        self._idle.clear()
        self._wake.set()

    async def transcript(self, session: str) -> list[dict[str, str]]:
        """The turns of a session, oldest first. Raises RedisError when Redis is away."""
        entries: Any = await self._redis.xrange(transcript_key(session))
        return [fields for _, fields in entries]

    async def said(self, session: str) -> list[tuple[str, str]]:
        """What was said and heard, turn by turn, in a session and in those that it continues: the latest
        MAX_SAID turns.

        As far as can be told: Redis may be away, or have forgotten.
        """
        said: list[tuple[str, str]] = []
        try:
            for _ in range(MAX_CONTINUED):
                key, left = transcript_key(session), MAX_SAID - len(said)
                turns: Any = await self._redis.xrevrange(key, count=left)
                said[:0] = [(turn.get("user", ""), turn.get("heard", "")) for _, turn in reversed(turns)]
                earlier: Any = await self._redis.hget(session_key(session), "continues")
                if not earlier or len(said) >= MAX_SAID:
                    break
                session = earlier
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("transcript not read", reason=type(error).__name__)
        return said

    async def run(self) -> None:
        """Write until cancelled; while there is nothing to write, look now and then if Redis is there."""
        while True:
            await self._check()
            try:
                async with asyncio.timeout(CHECK_S if self.up else RETRY_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
            self._wake.clear()
            await self._write_waiting()

    async def finish(self, timeout_s: float) -> None:
        """Give what waits a last chance to be written."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._idle.wait()
        except TimeoutError:
            log.error("entries were not written", waiting=len(self._waiting))

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write_waiting(self) -> None:
        while self._waiting:
            batch = [self._waiting[i] for i in range(min(BATCH, len(self._waiting)))]
            if not await self._attempt(batch):
                await asyncio.sleep(RETRY_S)
                continue
            for entry in batch:
                # The buffer may have shed its oldest entries meanwhile.
                if self._waiting and self._waiting[0] is entry:
                    self._waiting.popleft()
                    self._bytes -= size_of(entry)
            WAITING.set(self._bytes)
            WRITTEN.inc(len(batch))
        self._idle.set()

    async def _attempt(self, batch: list[Entry]) -> bool:
        try:
            pipe = self._redis.pipeline(transaction=True)  # no key is ever there without its TTL
            for entry in batch:
                self._add(pipe, entry)
            with heeding_cancel():
                results = await pipe.execute(raise_on_error=False)
        except (RedisError, OSError, TimeoutError) as error:
            self._note(False, type(error).__name__)
            return False
        except Exception:
            return await self._attempt_each(batch)
        errors = [r for r in results if isinstance(r, ResponseError) and "equal or smaller" not in str(r)]
        refused = [error for error in errors if not str(error).startswith("WRONGTYPE")]
        if not refused and errors:
            LOST.inc(len(errors))
            log.error("entries can never be written", reason=_code_of(errors[0]))
        self._note(not refused, _code_of(refused[0]) if refused else "")
        return not refused

    async def _attempt_each(self, batch: list[Entry]) -> bool:
        """One of these cannot even be sent: it alone is lost, never the process."""
        if len(batch) > 1:
            return all([await self._attempt([entry]) for entry in batch])
        log.exception("an entry cannot be written", kind=type(batch[0]).__name__)
        LOST.inc()
        return True

    def _add(self, pipe: Any, entry: Entry) -> None:
        match entry:
            case SessionRecord():
                key = session_key(entry.session)
                pipe.hset(key, mapping=entry.fields())
            case TranscriptEntry():
                key = transcript_key(entry.session)
                pipe.xadd(key, entry.fields(), id=f"{entry.turn}-1", maxlen=MAX_TURNS, approximate=True)
        pipe.expire(key, self._ttl_s)

    async def _check(self) -> None:
        try:
            with heeding_cancel():
                await self._redis.ping()
            self._note(True, "")
        except Exception as error:  # whatever a client library raises, people go on talking
            self._note(False, type(error).__name__)

    def _note(self, up: bool, reason: str) -> None:
        if up != self.up:
            (log.info if up else log.warning)("redis", up=up, reason=reason)
        self.up = up
        UP.set(up)


def _code_of(error: ResponseError) -> str:
    """Redis' own code; the words after it may quote what was to be written."""
    code = str(error).partition(" ")[0]
    return code if code.isalpha() and code.isupper() else type(error).__name__


def session_key(session: str) -> str:
    return f"parley:session:{session}"


def transcript_key(session: str) -> str:
    return f"parley:transcript:{session}"
