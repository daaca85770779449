"""Exact admission: a session comes in only when its places are there, with any number of gateways.

Its place at the speech recogniser is reserved before it comes in. It needs one of the language model and one
of the voice only now and then: of those, an expected share is counted for every session of the cluster.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from chassis.faults import BackendFault, Fault, NoSlot, TooSlow, Unavailable
from gateway.door import metrics
from gateway.links import stt
from gateway.links.links import Links
from gateway.links.stt import Listening, SttLane


@dataclass(frozen=True, slots=True)
class Shares:
    """Places that one session needs on average, from 0 (not counted) to 1."""

    llm: float = 0.25
    tts: float = 0.5


class Admission:
    """Counts this gateway's sessions against its own bound, and the cluster's against the services' slots."""

    def __init__(
        self, links: Links, max_sessions: int, max_per_ip: int, shares: Shares | None = None
    ) -> None:
        self._links, self._max, self._max_per_ip = links, max_sessions, max_per_ip
        self._shares = shares or Shares()
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
        if (refusal := self.refusal(ip)) is not None:
            reason, fault = refusal
            metrics.REFUSED.labels(reason).inc()
            raise fault

    def refusal(self, ip: str) -> tuple[str, Fault] | None:
        """Why somebody from this address cannot come in now: the reason in a word, and the fault."""
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
        if (crowded := self._crowded()) is not None:
            return metrics.NO_SLOT, NoSlot(f"every place of the {crowded} is taken; try again later")
        return None

    def _crowded(self) -> str | None:
        """The service that could not bear one session more. Each session has one place of the recogniser."""
        sessions = 1 + max(self._links.stt.used, self.sessions)
        for link, share, name in (
            (self._links.llm, self._shares.llm, "language model"),
            (self._links.tts, self._shares.tts, "voice"),
        ):
            if sessions * share > link.slots:
                return name
        return None

    @asynccontextmanager
    async def place(self, ip: str, session: str, asked: Listening) -> AsyncIterator[SttLane | None]:
        """Take a place for the body, with the recogniser's lane; None where it refuses what is asked for.

        Raises as `check` does, and when no replica has a place after all.
        """
        with self._counted(ip):
            try:
                lane = await stt.reserve(self._links.stt, session, asked)
            except BackendFault as fault:
                no_slot = isinstance(fault, NoSlot)
                metrics.REFUSED.labels(metrics.NO_SLOT if no_slot else metrics.NOT_READY).inc()
                if isinstance(fault, TooSlow):
                    raise Unavailable("the speech recogniser does not answer; try again later") from fault
                raise
            try:
                yield lane
            finally:
                if lane is not None:
                    lane.cancel()

    @contextmanager
    def _counted(self, ip: str) -> Iterator[None]:
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
