"""Exact admission: a session comes in only when its places are there."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from chassis.faults import Fault, NoSlot, Unavailable
from gateway.door import metrics
from gateway.links.links import Links


class Admission:
    """Counts the sessions of this gateway against its own bound and the STT service's free slots."""

    def __init__(self, links: Links, max_sessions: int, max_per_ip: int) -> None:
        self._links, self._max, self._max_per_ip = links, max_sessions, max_per_ip
        metrics.LIMIT.set(max_sessions)
        self._by_ip: Counter[str] = Counter()
        self._empty = asyncio.Event()
        self._empty.set()
        self.draining = False

    @property
    def sessions(self) -> int:
        return self._by_ip.total()

    def check(self, ip: str) -> None:
        """Raises NoSlot or Unavailable, with words for the client, when it cannot come in now."""
        if (refusal := self._refusal(ip)) is not None:
            reason, fault = refusal
            metrics.REFUSED.labels(reason).inc()
            raise fault

    def _refusal(self, ip: str) -> tuple[str, Fault] | None:
        if self.draining:
            return metrics.LEAVING, Unavailable("this server is leaving; connect again")
        if self.sessions >= self._max:
            return metrics.FULL, NoSlot(f"all {self._max} places are taken; try again later")
        if self._by_ip[ip] >= self._max_per_ip:
            words = f"all {self._max_per_ip} places of your address are taken"
            return metrics.ADDRESS_FULL, NoSlot(words)
        not_ready = [name for name in ("stt", "llm", "tts") if not self._links.ready[name]]
        if not_ready:
            return metrics.NOT_READY, Unavailable(f"not ready yet: {', '.join(not_ready)}")
        if min(self._links.stt.free, self._links.stt.slots - self.sessions) <= 0:
            words = "every place of the speech recogniser is taken; try again later"
            return metrics.NO_SLOT, NoSlot(words)
        return None

    @contextmanager
    def place(self, ip: str) -> Iterator[None]:
        """Take a place for the body. Raises as `check` does."""
        self.check(ip)
        self._by_ip[ip] += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._by_ip[ip] -= 1
            if not self._by_ip[ip]:
                del self._by_ip[ip]
            if not self._by_ip:
                self._empty.set()

    async def wait_empty(self, timeout_s: float) -> None:
        """Return when no session is left, or after timeout_s."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._empty.wait()
        except TimeoutError:
            return
